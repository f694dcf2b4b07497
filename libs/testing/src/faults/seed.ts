/** FAULT_SEED replays the history of a failure; else every run has another one. */
export const seedOf = (): number => Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
