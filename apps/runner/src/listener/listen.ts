import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';

/** Above the time for which Codex keeps an idle connection, so that it never writes into one that is just closing. */
const KEEP_ALIVE_MS = 120_000;

export interface Listener {
  close(): Promise<void>;
}

export interface LoopbackListener extends Listener {
  /** e.g. `http://127.0.0.1:40123` */
  origin: string;
}

/** Serves on a loopback port; 0 takes a free one. */
export async function listenOnLoopback(handler: RequestListener, port = 0): Promise<LoopbackListener> {
  const { server, close } = await listen(handler, { port, host: '127.0.0.1' });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Serves on a Unix socket, which is removed with the listener. */
export const listenOnSocket = (handler: RequestListener, path: string): Promise<Listener> =>
  listen(handler, { path });

async function listen(
  handler: RequestListener,
  where: ListenOptions,
): Promise<Listener & { server: Server }> {
  const server: Server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, handler);
  server.listen(where);
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { server, close };
}
