/** FAULT_SEED replays the history of a failure. Without it the seed is random. */
export const seedOf = (): number => Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
