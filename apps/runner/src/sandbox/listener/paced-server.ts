import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Pace, PacedConnection } from './paced-connection.js';

/** Above the time for which Codex keeps an idle connection, so that it never writes into one that is just closing. */
const KEEP_ALIVE_MS = 120_000;

/** What answers the connections of one server. */
export interface ConnectionHandlers {
  request: RequestListener;
  /** CONNECT; left out: the connection is closed. */
  connect?: (req: IncomingMessage, client: Socket, head: Buffer) => void;
}

/**
 * An HTTP server for connections of agents: it never listens, and is handed each of them. However much they send, it
 * parses a little at a time, and has one request of each: programs wait for an answer before they ask on.
 */
export class PacedServer {
  private readonly pace = new Pace();
  private readonly http: Server;

  constructor({ request, connect }: ConnectionHandlers) {
    this.http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
      if (connectionOf(req).begin(res)) request(req, res);
    });
    if (!connect) return;
    this.http.on('connect', (req, _, head) => {
      const client = connectionOf(req).release();
      if (client) connect(req, client, head);
    });
  }

  /** @returns the `socket` of the requests that come of it */
  accept(socket: Socket): PacedConnection {
    const connection = new PacedConnection(socket, this.pace);
    this.http.emit('connection', connection);
    return connection;
  }
}

/** It has no others. */
const connectionOf = ({ socket }: IncomingMessage) => socket as unknown as PacedConnection;
