// Loaded before a service (NODE_OPTIONS=--import): on SIGUSR2 its wall clock jumps an hour ahead, then an hour behind, then back.
// Only the service's own code and libraries see this clock. Timers and all other processes have the true time.
const HOUR_MS = 3_600_000;
const JUMPS = [HOUR_MS, -HOUR_MS, 0];
let jumped = 0;
let shiftMs = 0;

const RealDate = Date;
const now = () => RealDate.now() + shiftMs;
const JumpingDate = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length > 0 ? args : [now()], newTarget),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
// The type checker would treat a plain assignment or definition as a declaration.
Reflect.set(globalThis, 'Date', JumpingDate);

process.on('SIGUSR2', () => {
  shiftMs = JUMPS[jumped++ % JUMPS.length] ?? 0;
  process.stderr.write(`the clock is ${shiftMs} ms ahead: ${new Date().toISOString()}\n`);
});
