import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { waitFor } from '@saas-codex/testing/wait-for';
import { faultSuite } from '@saas-codex/testing/faults/suite';

const LOST_MS = 60_000;

/**
 * A runner ends a run in two places, its log and its BullMQ job, and no transaction spans both:
 *
 *     its own run     the log's end ──► the job is completed
 *     a lost run      the job is failed ──► the log's end
 *
 * Runners are killed between these two steps, and right before the first.
 */
describe('a run ends once when every runner is killed', () => {
  const suite = faultSuite(3);

  const killAll = () => Promise.all(suite.world.runners.map((runner) => runner.kill()));
  const startAll = () => Promise.all(suite.world.runners.map((runner) => runner.start()));

  /** Whether the run's job is in this list of BullMQ: `active`, `failed` … */
  const jobIs = async (state: string, runId: string) => {
    const key = `${REDIS_KEYS.queuePrefix}:runs:${state}`;
    const { direct } = suite.world.redis;
    const isSet = (await direct.type(key)) === 'zset';
    const ids = isSet ? await direct.zrange(key, '0', '-1') : await direct.lrange(key, 0, -1);
    return ids.includes(runId);
  };
  const endsInRedis = async (runId: string) => {
    const entries = await suite.world.redis.direct.xrange(REDIS_KEYS.runEvents(runId), '-', '+');
    return entries.filter(([, fields]) => fields.some((field) => /^run\.(?!started)/.test(field))).length;
  };

  it.each([
    ['before', 0, 'interrupted'],
    ['behind', 1, 'succeeded'],
  ] as const)('%s the end of a completed run’s log is written', async (place, ends, status) => {
    const { world } = suite;
    const link = world.links.runnerRedis;
    const before = link.met.held;
    const watcher = await world.prompt(ends, `Hold ${ends}`);
    await watcher.until('item.delta');
    link.hold(place, 'run.succeeded');
    world.model.openGate(`gate-${ends}`);
    await waitFor(() => link.met.held > before, { what: 'the end of the log' });
    await waitFor(async () => (await endsInRedis(watcher.runId)) === ends, {
      what: 'the expected end in Redis',
    });
    await killAll();
    expect([await endsInRedis(watcher.runId), await jobIs('active', watcher.runId)]).toEqual([ends, true]);
    link.heal();
    await startAll();
    await watcher.ended(LOST_MS);
    expect((await world.client.ended(watcher.runId)).status).toBe(status);
    await waitFor(async () => !(await jobIs('active', watcher.runId)), {
      timeoutMs: LOST_MS,
      what: 'the job to be over',
    });
    expect(await endsInRedis(watcher.runId)).toBe(1);
    await suite.keepsItsPromises();
  });

  it('when the job of a lost run has failed and its log has no end yet', async () => {
    const { world } = suite;
    const link = world.links.runnerRedis;
    const before = link.met.held;
    const watcher = await world.prompt(2, 'Endless');
    await watcher.until('item.delta');
    await killAll();
    link.hold('before', 'run.interrupted');
    await world.runners[0]?.start();
    await waitFor(() => jobIs('failed', watcher.runId), { timeoutMs: LOST_MS, what: 'the job to fail' });
    await waitFor(() => link.met.held > before, { what: 'the end of the log' });
    await world.runners[0]?.kill();
    expect([await endsInRedis(watcher.runId), await jobIs('failed', watcher.runId)]).toEqual([0, true]);
    link.heal();
    await startAll();
    await watcher.ended(LOST_MS);
    expect((await world.client.ended(watcher.runId)).status).toBe('interrupted');
    expect(await endsInRedis(watcher.runId)).toBe(1);
    await suite.keepsItsPromises();
  });
});
