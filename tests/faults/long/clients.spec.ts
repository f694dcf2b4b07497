import { openSse } from '@saas-codex/testing/sse-client';
import { waitFor } from '@saas-codex/testing/wait-for';
import { isEstablished } from '@saas-codex/testing/faults/sockets';
import { faultSuite } from '@saas-codex/testing/faults/suite';

describe('clients', () => {
  const suite = faultSuite(2);

  it('that stop reading are cut off, delay no other client, and resume where they were', async () => {
    const { world } = suite;
    const healthy = await world.prompt(0, 'Huge');
    const slow = Array.from({ length: 10 }, () => world.watchDirectly(healthy.runId));
    await Promise.all(slow.map((watcher) => watcher.until('run.started')));
    const has = slow.map(
      ({ port }) =>
        () =>
          isEstablished(world.gateway.port, port),
    );
    expect(await Promise.all(has.map((look) => look()))).not.toContain(false);
    for (const watcher of slow) watcher.stall();
    await healthy.ended();
    // They have not read since. The kernel shows that the gateway has closed the connections.
    for (const look of has)
      await waitFor(async () => !(await look()), { what: 'a slow client to be cut off' });
    for (const watcher of slow) watcher.readOn();
    await Promise.all(slow.map((watcher) => watcher.ended()));
    const all = healthy.received.map(({ id }) => id);
    expect(healthy.connections.length).toBe(1);
    for (const { connections, received } of slow) {
      expect(connections.length).toBeGreaterThan(1);
      expect(connections[0]?.events.length).toBeLessThan(all.length);
      expect(received.map(({ id }) => id)).toEqual(all);
    }
    await suite.keepsItsPromises();
  });

  it('that repeatedly reset their connections leave nothing behind', async () => {
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
  });
});
