import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@saas-codex/testing/wait-for';
import { faultSuite } from '@saas-codex/testing/faults/suite';
import type { Link } from '@saas-codex/testing/faults/world';

/** The links between services. Codex itself retries requests to the model. */
const LINKS: Link[] = ['edge', 'api', 'dispatch', 'backendRedis', 'runnerRedis', 'database'];
/** Shorter than a runner's lease on its runs, so no run is closed as lost. */
const FOR_MS = 3_000;

describe('runs succeed on a network that fails:', () => {
  const suite = faultSuite(3);

  it.each(LINKS)(
    'the link %s is cut, silent, slow and reset while runs start, work and end',
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
        // Traffic to the runners only occurs when a run starts.
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
  );

  it('a cut link to Redis that outlasts the leases of runners closes their runs, once', async () => {
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
  });
});

describe('PostgreSQL', () => {
  const suite = faultSuite(2);

  it('is killed while a run is settled, and loses nothing that was accepted', async () => {
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
  });
});
