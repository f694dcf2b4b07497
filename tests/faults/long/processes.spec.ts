import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { waitFor } from '@saas-codex/testing/wait-for';
import { processesIn } from '@saas-codex/testing/faults/invariants';
import { faultSuite, ORPHAN_MS } from '@saas-codex/testing/faults/suite';

/** Longer than a runner's lease on its runs: more than LOCK + 2 × CHECK of LOST_RUNNER. */
const PAST_THE_LEASE_MS = 24_000;

describe('a service that is killed', () => {
  const suite = faultSuite(6);

  it('gateway: clients reconnect and lose nothing', async () => {
    const { world } = suite;
    const watcher = await world.prompt(0, 'Talk');
    await watcher.until('item.delta');
    await world.gateway.kill();
    await world.gateway.start();
    await watcher.ended();
    expect(watcher.connections.length).toBeGreaterThan(1);
    await suite.keepsItsPromises();
  });

  it('every backend: the run continues, and its end is settled after the restart', async () => {
    const { world } = suite;
    const watcher = await world.prompt(0, 'Talk');
    await watcher.until('item.delta');
    await Promise.all(world.backends.map((backend) => backend.kill()));
    await Promise.all(world.backends.map((backend) => backend.start()));
    await watcher.ended();
    expect((await world.client.ended(watcher.runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });

  it('runner: its run is closed as interrupted, and its session accepts the next prompt', async () => {
    const { world } = suite;
    const watchers = await Promise.all([1, 2, 3, 4].map((session) => world.prompt(session, 'Endless')));
    await Promise.all(watchers.map((watcher) => watcher.until('item.delta')));
    await world.runners[0]?.kill();
    const killedAt = Date.now();
    // Several runs are spread over the runners. This proves that the killed runner had one of them.
    const lost = await waitFor(
      async () => {
        const runs = await Promise.all(watchers.map(({ runId }) => world.client.run(runId)));
        return runs.find(({ ended_at }) => ended_at !== null);
      },
      { timeoutMs: 60_000, what: 'a lost run' },
    );
    expect(lost).toMatchObject({ status: 'interrupted', error: expect.stringContaining('was lost') });
    expect(Date.parse(lost.ended_at ?? '') - killedAt).toBeLessThan(ORPHAN_MS);
    await delay(ORPHAN_MS - (Date.now() - killedAt));
    for (const { runId } of watchers)
      if ((await world.client.run(runId)).ended_at === null) await world.client.cancel(runId);
    await world.runners[0]?.start();
    const next = await world.prompt(world.sessions.indexOf(lost.session_id), 'Work');
    await next.ended();
    expect((await world.client.ended(next.runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });

  it('every backend, while a run is being handed over: the run still starts, once', async () => {
    const { world } = suite;
    world.links.dispatch.freeze();
    const watcher = await world.prompt(5, 'Work');
    const claimed = () => world.statuses.isDispatched(watcher.runId);
    await waitFor(claimed, { what: 'the claim' });
    await waitFor(() => world.links.dispatch.met.frozen > 0, { what: 'the hand-over' });
    await Promise.all(world.backends.map((backend) => backend.kill()));
    expect(await world.redis.direct.exists(REDIS_KEYS.runEvents(watcher.runId))).toBe(0);
    world.links.dispatch.reset();
    world.links.dispatch.heal();
    await Promise.all(world.backends.map((backend) => backend.start()));
    await watcher.ended();
    expect((await world.client.ended(watcher.runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });

  it('every backend, while a log is being archived: the whole log is archived', async () => {
    const { world } = suite;
    const release = await world.statuses.lockArchive();
    const watcher = await world.prompt(0, 'Work');
    await watcher.ended();
    await waitFor(() => world.statuses.archiverWaits(), { timeoutMs: 30_000, what: 'the archiver' });
    await Promise.all(world.backends.map((backend) => backend.kill()));
    await release();
    expect(await world.statuses.isArchived(watcher.runId)).toBe(false);
    await Promise.all(world.backends.map((backend) => backend.start()));
    await waitFor(() => world.statuses.isArchived(watcher.runId), { timeoutMs: 30_000, what: 'the archive' });
    const rows = await world.statuses.archived(watcher.runId);
    const durable = watcher.received.filter(({ id }) => !id.includes('-'));
    expect(rows.map(({ seq, event }) => [`${seq}`, event])).toEqual(
      durable.map(({ id, data }) => [id, data]),
    );
    await suite.keepsItsPromises();
  });
});

describe('a runner that is frozen', () => {
  const suite = faultSuite(2);

  it('counts as lost, and its writes after it wakes up are refused', async () => {
    const { world } = suite;
    const watchers = await Promise.all([0, 1].map((session) => world.prompt(session, 'Endless')));
    await Promise.all(watchers.map((watcher) => watcher.until('item.delta')));
    await Promise.all(world.runners.map((runner) => runner.pause()));
    await delay(PAST_THE_LEASE_MS);
    // No runner could renew its leases. The first to wake up treats the other's run as lost, and perhaps its own.
    const [first, second] = world.runners;
    await first?.resume();
    const endings = () => Promise.all(watchers.map(({ runId }) => world.client.run(runId)));
    await waitFor(async () => (await endings()).some(({ status }) => status === 'interrupted'), {
      timeoutMs: ORPHAN_MS,
      what: 'a lost run',
    });
    await second?.resume();
    await delay(2_000);
    for (const run of await endings()) if (run.ended_at === null) await world.client.cancel(run.run_id);
    await waitFor(async () => (await processesIn(world.sessions)).length === 0, {
      what: 'the end of every process',
    });
    await suite.keepsItsPromises();
  });
});

describe('a runner that is terminated', () => {
  const suite = faultSuite(1, { runners: 1 });

  it('while Redis is down closes its run once Redis is back', async () => {
    const { world } = suite;
    const watcher = await world.prompt(0, 'Endless');
    await watcher.until('item.delta');
    await world.redis.kill();
    const pid = world.runners[0]?.pid ?? 0;
    process.kill(pid, 'SIGTERM');
    await delay(5_000);
    await world.redis.restart();
    await watcher.ended(ORPHAN_MS);
    // BullMQ may wait for ever for a connection that was down when it was closed. The runner must still end.
    await waitFor(() => !existsSync(`/proc/${pid}`), { timeoutMs: ORPHAN_MS, what: 'the runner to end' });
    await world.runners[0]?.start();
    const run = await world.client.ended(watcher.runId, ORPHAN_MS);
    expect(run.status).toBe('interrupted');
    await suite.keepsItsPromises();
  });
});
