import { ReadinessChecks } from '../src/readiness/readiness.js';

const never = () => new Promise(() => undefined);

it('tells each dependency that fails or hangs by its own sentence, and never the error', async () => {
  const checks = new ReadinessChecks([
    { name: 'redis', check: () => Promise.resolve('PONG'), otherwise: 'Redis does not answer.' },
    {
      name: 'postgres',
      check: () => Promise.reject(new Error('password authentication failed for user x')),
      otherwise: 'Postgres does not answer.',
    },
    { name: 'workspaces', check: never, otherwise: 'They cannot be written.', deadlineMs: 10 },
  ]);
  expect(await checks.results()).toEqual([
    { name: 'redis', ready: true, reason: null },
    { name: 'postgres', ready: false, reason: 'Postgres does not answer.' },
    { name: 'workspaces', ready: false, reason: 'They cannot be written.' },
  ]);
});

it('asks a dependency once however many ask, and again when the result is old', async () => {
  let asked = 0;
  const count = (everyMs: number) => ({
    name: 'counted',
    check: async () => (asked += 1),
    otherwise: '',
    everyMs,
  });
  const kept = new ReadinessChecks([count(60_000)]);
  await Promise.all([kept.results(), kept.results()]);
  await kept.results();
  expect(asked).toBe(1);
  const fresh = new ReadinessChecks([count(0)]);
  await fresh.results();
  await fresh.results();
  expect(asked).toBe(3);
});
