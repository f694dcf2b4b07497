import { generate, play } from '@saas-codex/testing/faults/history';
import { seedOf } from '@saas-codex/testing/faults/seed';
import { faultSuite, ORPHAN_MS } from '@saas-codex/testing/faults/suite';

/** The part of the fault suite that is fast enough for `npm test`. The rest is in long/. */
describe('a product whose parts fail', () => {
  const suite = faultSuite(4);

  it('closes the run of a lost runner, while the stores fail and other runs continue', async () => {
    const { world } = suite;
    const lost = await Promise.all([0, 1].map((session) => world.prompt(session, 'Endless')));
    await Promise.all(lost.map((watcher) => watcher.until('item.delta')));
    const killedAt = Date.now();
    await Promise.all(world.runners.map((runner) => runner.kill()));
    await world.runners[0]?.start();

    const held = await world.prompt(2, 'Hold 0');
    await held.until('item.delta');
    // Whoever is subscribed loses what is published now.
    expect(await world.redis.direct.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBeGreaterThan(0);
    await world.postgres.kill();
    world.links.backendRedis.reset();
    expect(world.links.backendRedis.met.reset).toBeGreaterThan(0);
    world.model.openGate('gate-0');
    await world.postgres.restart();
    await held.ended();
    expect((await world.client.ended(held.runId)).status).toBe('succeeded');

    await world.redis.kill();
    await world.redis.restart();
    const runs = await Promise.all(lost.map(({ runId }) => world.client.ended(runId, ORPHAN_MS)));
    for (const run of runs) {
      expect(run).toMatchObject({ status: 'interrupted', error: expect.stringContaining('was lost') });
      expect(Date.parse(run.ended_at ?? '') - killedAt).toBeLessThan(ORPHAN_MS);
    }
    await world.runners[1]?.start();
    await suite.keepsItsPromises();
  });

  it('continues its runs when Redis comes back empty', async () => {
    const { world } = suite;
    const working = await world.prompt(0, 'Hold 1');
    await working.until('item.delta');
    const waiting = await world.prompt(0, 'Work');
    await world.redis.kill();
    await world.redis.restart({ empty: true });
    world.model.openGate('gate-1');
    await working.ended();
    await waiting.ended();
    expect((await world.client.ended(waiting.runId)).status).toBe('succeeded');
    // A reader with the last event gets no stream, and knows that this was all.
    waiting.reconnect(0.999);
    await suite.keepsItsPromises();
  });

  it('breaks no invariant in a small random history', async () => {
    const { world } = suite;
    const seed = seedOf();
    const done = await play(
      world,
      generate({ prompts: 6, cancels: 1, reconnects: 20, kills: 3, resets: 2 }, seed),
    );
    expect(done).toEqual({ kills: 3, reconnects: 20, resets: 2 });
    await suite.keepsItsPromises(seed);
  });
});
