import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { type ConnectionHandlers, PacedServer } from './paced-server.js';

/** Of one run's socket; each takes a place in this process, which serves all runs. */
const MAX_SOCKET_CONNECTIONS = 256;

export interface Listener {
  close(): Promise<void>;
}

/** A Unix socket that only one run's jail can see: whoever speaks there is that run. */
export interface RunSocket {
  /** Where to listen. */
  path: string;
  /** By which address it is reached from within. */
  origin: string;
}

export interface LoopbackListener extends Listener {
  /** e.g. `http://127.0.0.1:40123` */
  origin: string;
}

/** Serves on a loopback port; 0 takes a free one. */
export async function listenOnLoopback(request: RequestListener, port = 0): Promise<LoopbackListener> {
  const { server, close } = await listen({ request }, { port, host: '127.0.0.1' });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Serves on a Unix socket, which is removed with the listener; connections beyond a limit are closed at once. */
export async function listenOnSocket(handlers: ConnectionHandlers, path: string): Promise<Listener> {
  const { server, close } = await listen(handlers, { path });
  server.maxConnections = MAX_SOCKET_CONNECTIONS;
  return { close };
}

async function listen(
  handlers: ConnectionHandlers,
  where: ListenOptions,
): Promise<Listener & { server: Server }> {
  const paced = new PacedServer(handlers);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    paced.accept(socket);
  });
  server.listen(where);
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  return { server, close };
}
