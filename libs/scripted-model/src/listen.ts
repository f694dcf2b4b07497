import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ModelListener {
  /** For example `http://127.0.0.1:40123`. */
  origin: string;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

/** Serves on a loopback port; 0 takes a free one. */
export async function listenOnLoopback(request: RequestListener, port = 0): Promise<ModelListener> {
  const server = createServer(request);
  server.listen({ port, host: '127.0.0.1' });
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
