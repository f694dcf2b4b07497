import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server as HttpServer,
} from 'node:http';
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { FairScheduler, ThrottledConnection } from './throttled-connection.js';

/** Connections to the socket of one run. Each takes memory of this process, which serves all runs. */
const MAX_SOCKET_CONNECTIONS = 256;
/** Longer than Codex keeps an idle connection, so that it never writes to one that is just being closed. */
const KEEP_ALIVE_MS = 120_000;

export interface Listener {
  close(): Promise<void>;
}

/** A Unix socket that only one run's jail can see. It identifies the run. */
export interface RunSocket {
  /** The address by which programs in the jail reach it. */
  origin: string;
  /** Answers what connects to it, until the listener is closed. */
  serve(handlers: ConnectionHandlers): Promise<Listener>;
}

export interface LoopbackListener extends Listener {
  /** e.g. `http://127.0.0.1:40123` */
  origin: string;
}

/** What answers the connections of one server. */
export interface ConnectionHandlers {
  request: RequestListener;
  /** CONNECT; left out: the connection is closed. */
  connect?: (req: IncomingMessage, client: Socket, head: Buffer) => void;
}

/** Listens on a loopback port; 0 takes a free one. */
export async function listenOnLoopback(request: RequestListener, port = 0): Promise<LoopbackListener> {
  const { server, close } = await listen({ request }, { port, host: '127.0.0.1' });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Listens on a Unix socket, which is removed with the listener. Connections above a limit are closed at once. */
export async function listenOnSocket(handlers: ConnectionHandlers, path: string): Promise<Listener> {
  const { server, close } = await listen(handlers, { path });
  server.maxConnections = MAX_SOCKET_CONNECTIONS;
  return { close };
}

async function listen(
  handlers: ConnectionHandlers,
  where: ListenOptions,
): Promise<Listener & { server: Server }> {
  const throttled = new ThrottledServer(handlers);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    throttled.accept(socket);
  });
  server.listen(where);
  await once(server, 'listening');
  let closing: Promise<unknown> | undefined;
  const close = async () => {
    if (closing === undefined) {
      closing = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
    }
    await closing;
  };
  return { server, close };
}

/**
 * An HTTP server for connections of agents. It does not listen; connections are passed to it. However much they send, it
 * parses a little at a time and takes one request at a time from each: clients wait for an answer before they send the next
 * request.
 */
export class ThrottledServer {
  private readonly scheduler = new FairScheduler();
  private readonly http: HttpServer;

  constructor({ request, connect }: ConnectionHandlers) {
    this.http = createHttpServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
      if (connectionOf(req).beginRequest(res)) request(req, res);
    });
    if (!connect) return;
    this.http.on('connect', (req, _, head) => {
      const client = connectionOf(req).releaseSocket();
      if (client) connect(req, client, head);
    });
  }

  /** @returns the `socket` that the requests of this connection have */
  accept(socket: Socket): ThrottledConnection {
    const connection = new ThrottledConnection(socket, this.scheduler);
    this.http.emit('connection', connection);
    return connection;
  }
}

/** The server has no other connections. */
const connectionOf = ({ socket }: IncomingMessage) => socket as unknown as ThrottledConnection;
