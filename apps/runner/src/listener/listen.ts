import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, ListenOptions, Socket } from 'node:net';

/** Above the time for which Codex keeps an idle connection, so that it never writes into one that is just closing. */
const KEEP_ALIVE_MS = 120_000;

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

/** What answers the connections of one listener. */
export interface ConnectionHandlers {
  request: RequestListener;
  /** CONNECT; left out: the connection is closed. */
  connect?: (req: IncomingMessage, client: Socket, head: Buffer) => void;
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
  { request, connect }: ConnectionHandlers,
  where: ListenOptions,
): Promise<Listener & { server: Server }> {
  const server: Server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, request);
  // The server of a TCP port or a Unix socket has no other streams.
  if (connect) server.on('connect', (req, client, head) => connect(req, client as Socket, head));
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(where);
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    // The server itself forgets those that have become tunnels, and yet waits for them.
    for (const socket of open) socket.destroy();
    await closed;
  };
  return { server, close };
}
