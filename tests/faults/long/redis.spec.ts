import { setTimeout as delay } from 'node:timers/promises';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { waitFor } from '@saas-codex/testing/wait-for';
import { faultSuite } from '@saas-codex/testing/faults/suite';

describe('Redis', () => {
  const suite = faultSuite(5, { redisDiskMb: 24 });

  it('is killed and comes back with its data: runs continue', async () => {
    const { world } = suite;
    const watcher = await world.prompt(0, 'Hold 0');
    await watcher.until('item.delta');
    await world.redis.kill();
    await delay(2_000);
    await world.redis.restart();
    world.model.openGate('gate-0');
    await watcher.ended();
    expect((await world.client.ended(watcher.runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });

  it('comes back empty while runs wait, are handed over, work and end: waiting runs succeed, and all runs end', async () => {
    const { world } = suite;
    const working = await world.prompt(0, 'Hold 1');
    await working.until('item.delta');
    const waiting = await world.prompt(0, 'Work');
    const ending = await world.prompt(1, 'Hold 2');
    await ending.until('item.delta');
    world.links.dispatch.freeze();
    const handedOver = await world.prompt(2, 'Work');
    await waitFor(() => world.statuses.isDispatched(handedOver.runId), { what: 'the claim' });
    world.model.openGate('gate-2');
    await world.redis.kill();
    await world.redis.restart({ empty: true });
    world.links.dispatch.heal();
    world.model.openGate('gate-1');
    await Promise.all([working, waiting, ending, handedOver].map((watcher) => watcher.ended(90_000)));
    // Runs that had not started are started. Runs that had started are closed at worst.
    for (const { runId } of [waiting, handedOver])
      expect((await world.client.ended(runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });

  it('comes back with an older state: clients that had read further keep their place', async () => {
    const { world } = suite;
    const watcher = await world.prompt(1, 'Hold 3');
    await watcher.until('run.started');
    await world.redis.rememberDisk();
    await watcher.until('item.delta');
    const before = await world.redis.direct.xlen(REDIS_KEYS.runEvents(watcher.runId));
    await world.redis.kill();
    // The client's cursor is beyond the end of the log in this Redis.
    world.links.runnerRedis.cut();
    await world.redis.restart({ remembered: true });
    expect(await world.redis.direct.xlen(REDIS_KEYS.runEvents(watcher.runId))).toBeLessThan(before);
    watcher.drop();
    await delay(1_000);
    world.links.runnerRedis.heal();
    world.model.openGate('gate-3');
    await watcher.ended();
    await suite.keepsItsPromises();
  });

  it('loses the activity streams and the subscriptions of the backends: runs are settled and new ones start', async () => {
    const { world } = suite;
    const watcher = await world.prompt(3, 'Hold 4');
    await watcher.until('item.delta');
    expect(await world.redis.direct.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBeGreaterThan(0);
    expect(
      await world.redis.direct.del(await world.redis.direct.keys(REDIS_KEYS.activity('*'))),
    ).toBeGreaterThan(0);
    world.model.openGate('gate-4');
    await watcher.ended();
    const next = await world.prompt(3, 'Work');
    await next.ended();
    expect((await world.client.ended(next.runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });

  it('loses messages again and again while runs stream: their readers get everything', async () => {
    const { world } = suite;
    const watchers = await Promise.all([0, 1, 2].map((session) => world.prompt(session, 'Talk')));
    let killed = 0;
    const streams = { open: true };
    const ended = Promise.all(watchers.map((watcher) => watcher.ended())).finally(
      () => (streams.open = false),
    );
    while (streams.open) {
      killed += Number(await world.redis.direct.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
      await delay(20);
    }
    await ended;
    expect(killed).toBeGreaterThan(0);
    await suite.keepsItsPromises();
  });

  it('loses a running run: it is closed, and its turn does not start again', async () => {
    const { world } = suite;
    const watcher = await world.prompt(4, 'Endless');
    await watcher.until('item.delta');
    const keys = await world.redis.direct.keys(`${REDIS_KEYS.queuePrefix}*`);
    expect(keys.some((key) => key.includes(watcher.runId))).toBe(true);
    await world.redis.direct.del(...keys);
    const run = await world.client.ended(watcher.runId, 60_000);
    expect(['interrupted', 'cancelled']).toContain(run.status);
    await suite.keepsItsPromises();
  });

  it('runs out of memory: writes wait, then continue', async () => {
    const { world } = suite;
    const watcher = await world.prompt(0, 'Hold 5');
    await watcher.until('item.delta');
    expect(await world.redis.leaveNoMemory()).toContain('OOM');
    world.model.openGate('gate-5');
    const other = world.prompt(1, 'Work');
    await delay(5_000);
    await world.redis.giveMemory();
    await watcher.ended();
    await (await other).ended();
    expect((await world.client.ended(watcher.runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });

  it('has a full disk: writes wait, then continue', async () => {
    const { world } = suite;
    const watcher = await world.prompt(2, 'Hold 6');
    await watcher.until('item.delta');
    expect(await world.redis.fillDisk()).toMatch(/MISCONF|No space left/);
    world.model.openGate('gate-6');
    const other = world.prompt(3, 'Work');
    await delay(5_000);
    await world.redis.freeDisk();
    await watcher.ended();
    await (await other).ended();
    expect((await world.client.ended(watcher.runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });

  it('fails over to a replica while a run streams: the run continues', async () => {
    const { world } = suite;
    const watcher = await world.prompt(4, 'Hold 7');
    await watcher.until('item.delta');
    const writing = await world.prompt(3, 'Work');
    await writing.until('run.started');
    await world.redis.failOver();
    world.model.openGate('gate-7');
    await watcher.ended();
    await writing.ended();
    for (const { runId } of [watcher, writing])
      expect((await world.client.ended(runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  });
});
