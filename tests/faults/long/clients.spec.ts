import { setTimeout as delay } from 'node:timers/promises';
import { openSse } from '../../support/sse-client.js';
import { waitFor } from '../../support/wait-for.js';
import { faultSuite } from '../support/suite.js';

/** Longer than a client may stand still that is far behind. */
const PAST_PATIENCE_MS = 6_000;

describe('clients', () => {
  const suite = faultSuite(2);

  it('that stop reading hold up nobody, and have everything when they come back', async () => {
    const { world } = suite;
    const { client } = world;
    const healthy = await world.prompt(0, 'Huge');
    const url = `${client.url}/api/runs/${healthy.runId}/events`;
    const slow = await Promise.all(
      Array.from({ length: 10 }, () => openSse(url, { headers: client.credential, paused: true })),
    );
    await healthy.ended();
    // Now whoever is far behind is cut off, unless the kernel's buffers between here and there have taken it all.
    await delay(PAST_PATIENCE_MS);
    for (const { events, response } of slow)
      expect([events.length, response.readableFlowing]).toEqual([0, null]);
    await Promise.all(
      slow.map(async (stream) => {
        stream.response.resume();
        await waitFor(() => stream.closed(), { timeoutMs: 30_000, what: 'the end of a slow stream' });
      }),
    );
    // Each resumes as any other client: from what it has, here nothing.
    const again = world.watch(healthy.runId);
    await again.ended();
    await suite.keepsItsPromises();
  }, 120_000);

  it('that vanish without a word, over and over, leave nothing behind', async () => {
    const { world } = suite;
    const watcher = await world.prompt(1, 'Talk');
    await watcher.until('item.delta');
    world.links.edge.reset();
    for (let n = 0; n < 50; n++) {
      const url = `${world.client.url}/api/runs/${watcher.runId}/events`;
      const stream = await openSse(url, { headers: world.client.credential });
      stream.response.socket.resetAndDestroy();
    }
    await watcher.ended();
    expect(watcher.connections.length).toBeGreaterThan(1);
    await waitFor(() => world.links.edge.connections < 20, { what: 'the connections to be closed' });
    await suite.keepsItsPromises();
  }, 120_000);
});
