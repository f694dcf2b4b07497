import { ReadinessChecks } from '../src/health/readiness.js';

const never = () => new Promise(() => undefined);

it('reports each dependency that fails or hangs with its own sentence, and never the error', async () => {
  const checks = new ReadinessChecks([
    { name: 'redis', check: () => Promise.resolve('PONG'), otherwise: 'Redis does not answer.' },
    {
      name: 'postgres',
      check: () => Promise.reject(new Error('password authentication failed for user x')),
      otherwise: 'Postgres does not answer.',
    },
    { name: 'workspaces', check: never, otherwise: 'The workspaces cannot be written.', deadlineMs: 10 },
  ]);
  expect(await checks.runAll()).toEqual([
    { name: 'redis', ready: true, reason: null },
    { name: 'postgres', ready: false, reason: 'Postgres does not answer.' },
    { name: 'workspaces', ready: false, reason: 'The workspaces cannot be written.' },
  ]);
});

it('checks a dependency once for all concurrent requests, and again when the result has expired', async () => {
  let checks = 0;
  const count = (everyMs: number) => ({
    name: 'counted',
    check: async () => (checks += 1),
    otherwise: '',
    everyMs,
  });
  const cached = new ReadinessChecks([count(60_000)]);
  await Promise.all([cached.runAll(), cached.runAll()]);
  await cached.runAll();
  expect(checks).toBe(1);
  const uncached = new ReadinessChecks([count(0)]);
  await uncached.runAll();
  await uncached.runAll();
  expect(checks).toBe(3);
});
