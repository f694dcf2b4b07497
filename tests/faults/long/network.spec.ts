import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@saas-codex/testing/wait-for';
import { faultSuite } from '@saas-codex/testing/faults/suite';
import type { Link } from '@saas-codex/testing/faults/world';

/** Between any two services; towards the model it is Codex that asks again. */
const LINKS: Link[] = ['edge', 'api', 'dispatch', 'backendRedis', 'runnerRedis', 'database'];
/** Shorter than a runner's hold on its runs, so that nobody has a reason to give one up. */
const FOR_MS = 3_000;

describe('the network', () => {
  const suite = faultSuite(3);

  it.each(LINKS)(
    '%s is cut, silent, slow and reset, while runs begin, work and end',
    async (name) => {
      const { world } = suite;
      const link = world.links[name];
      const faults: [string, () => void, () => number][] = [
        ['cut', () => link.cut(), () => link.met.reset + link.met.refused],
        ['silent', () => link.freeze(), () => link.met.frozen],
        ['slow', () => link.slow(150), () => link.met.delayed],
        ['reset', () => link.reset(), () => link.met.reset],
      ];
      for (const [fault, inflict, count] of faults) {
        const watcher = await world.prompt(0, 'Talk');
        await watcher.until('run.started');
        const before = count();
        inflict();
        const during = world.prompt(1, 'Work');
        // Towards the runners there is traffic only when a run begins.
        await waitFor(() => count() > before, { what: `the link to be ${fault}` });
        await delay(FOR_MS);
        link.heal();
        await watcher.ended();
        await (await during).ended();
        const statuses = await Promise.all(
          [watcher.runId, (await during).runId].map(async (id) => (await world.client.ended(id)).status),
        );
        expect([fault, ...statuses]).toEqual([fault, 'succeeded', 'succeeded']);
      }
      await suite.keepsItsPromises();
    },
    240_000,
  );

  it('to Redis is cut for longer than a runner holds its runs: they are closed, once', async () => {
    const { world } = suite;
    const watcher = await world.prompt(2, 'Endless');
    await watcher.until('item.delta');
    const { met } = world.links.runnerRedis;
    const before = met.reset;
    world.links.runnerRedis.cut();
    expect(met.reset).toBeGreaterThan(before);
    await delay(35_000);
    world.links.runnerRedis.heal();
    const run = await world.client.ended(watcher.runId);
    expect(run.status).toBe('interrupted');
    await suite.keepsItsPromises();
  }, 240_000);
});

describe('PostgreSQL', () => {
  const suite = faultSuite(2);

  it('is ended at once while a run is settled, and recovers: nothing that was accepted is lost', async () => {
    const { world } = suite;
    const watchers = await Promise.all([0, 1].map((n) => world.prompt(n, `Hold ${n}`)));
    await Promise.all(watchers.map((watcher) => watcher.until('item.delta')));
    const next = await world.prompt(0, 'Work');
    await world.postgres.kill();
    world.model.openGate('gate-0');
    world.model.openGate('gate-1');
    await delay(2_000);
    await world.postgres.restart();
    await Promise.all([...watchers, next].map((watcher) => watcher.ended()));
    for (const { runId } of [...watchers, next])
      expect((await world.client.ended(runId)).status).toBe('succeeded');
    await suite.keepsItsPromises();
  }, 120_000);
});
