import { openSse } from '../../support/sse-client.js';
import { waitFor } from '../../support/wait-for.js';
import { faultSuite } from '../support/suite.js';

describe('clients', () => {
  const suite = faultSuite(2);

  it('that stop reading are cut off, and hold up nobody; they come back and have everything', async () => {
    const { world } = suite;
    const { client } = world;
    const healthy = await world.prompt(0, 'Huge');
    const url = `${client.url}/api/runs/${healthy.runId}/events`;
    const slow = await Promise.all(
      Array.from({ length: 10 }, () => openSse(url, { headers: client.credential, paused: true })),
    );
    await healthy.ended();
    // Whoever does not read does not see the end either: it shows in what arrives when reading begins.
    const bytes = await Promise.all(
      slow.map(async ({ response }) => {
        let taken = 0;
        let ended = false;
        response.on('data', (chunk: string) => (taken += chunk.length));
        response.on('close', () => (ended = true));
        await waitFor(() => ended, { timeoutMs: 30_000, what: 'the cut' });
        return taken;
      }),
    );
    const whole = healthy.received.reduce((sum, { data }) => sum + data.length, 0);
    for (const taken of bytes) expect(taken).toBeLessThan(whole);
    // Each resumes as any other client: from what it has, here nothing.
    const again = world.watch(healthy.runId);
    await again.ended();
    await suite.keepsItsPromises();
  }, 120_000);

  it('that vanish without a word, over and over, leave nothing behind', async () => {
    const { world } = suite;
    const watcher = await world.prompt(1, 'Talk');
    await watcher.until('item.delta');
    for (let n = 0; n < 50; n++) {
      const url = `${world.client.url}/api/runs/${watcher.runId}/events`;
      const stream = await openSse(url, { headers: world.client.credential });
      stream.response.socket.resetAndDestroy();
    }
    world.links.edge.reset();
    await watcher.ended();
    expect(watcher.connections.length).toBeGreaterThan(1);
    await waitFor(() => world.links.edge.connections < 20, { what: 'the connections to be closed' });
    await suite.keepsItsPromises();
  }, 120_000);
});
