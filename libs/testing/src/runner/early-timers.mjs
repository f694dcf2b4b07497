// Loaded before a runner (NODE_OPTIONS=--import): on SIGUSR2, the timers of EARLY_TIMER_MS that are set fire at once, so that no
// spec waits until a time limit has passed. Timers of other lengths are not touched.
const length = Number(process.env.EARLY_TIMER_MS);
const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
/** @type {Map<unknown, () => void>} */
const waiting = new Map();

const set = (
  /** @type {(...args: unknown[]) => void} */ callback,
  /** @type {number} */ ms,
  /** @type {unknown[]} */ ...args
) => {
  const fire = () => {
    waiting.delete(timer);
    callback(...args);
  };
  const timer = realSet(fire, ms);
  if (ms === length) waiting.set(timer, fire);
  return timer;
};
const clear = (/** @type {NodeJS.Timeout | undefined} */ timer) => {
  waiting.delete(timer);
  realClear(timer);
};
// The type checker would treat a plain assignment as a change of the types.
Reflect.set(globalThis, 'setTimeout', Object.assign(set, realSet));
Reflect.set(globalThis, 'clearTimeout', clear);

process.on('SIGUSR2', () => {
  for (const [timer, fire] of waiting) {
    realClear(/** @type {NodeJS.Timeout} */ (timer));
    fire();
  }
});
