import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Above the time for which Codex keeps an idle connection, so that it never writes into one that is just closing. */
const KEEP_ALIVE_MS = 120_000;

export interface Listener {
  /** e.g. `http://127.0.0.1:40123` */
  origin: string;
  close(): Promise<void>;
}

/** Serves on a loopback port; 0 takes a free one. */
export async function listenOnLoopback(handler: RequestListener, port = 0): Promise<Listener> {
  const server: Server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, handler);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
