import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A runner that accepts every thread and run and does nothing with them: the tests write the logs. */
export async function startSilentRunner(): Promise<{ url: string; stop(): void }> {
  const server = createServer(async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    const { runId = randomUUID() } = JSON.parse(text || '{}') as { runId?: string };
    res.writeHead(201, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ threadId: randomUUID(), runId, held: true }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
