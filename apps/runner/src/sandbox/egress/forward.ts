import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { answerOf } from '../listener/answer-of.js';
import { unreachable } from './egress-error.js';
import { endToEndHeaders, hasBody, requestHeaders } from './http-headers.js';
import type { Methods } from './network-rules.js';
import { type Target, writtenTarget } from './target.js';

export interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  target: Target;
  /** On the target, with its query. */
  path: string;
  /** Of the scheme, which a Host header leaves out. */
  defaultPort: number;
  methods: Methods;
}

/**
 * Sends a request on over a connection to its target, and its answer back, both as streams: a slow reader slows the
 * sender. Node's strict parser reads both sides, and both are written anew. Nothing is upgraded.
 * @returns when the answer has been sent, or either side has gone
 * @throws EgressError when no answer begins
 */
export async function forward(exchange: Exchange, connection: Duplex): Promise<void> {
  const { req, res, target, path, defaultPort, methods } = exchange;
  // The client may have gone while its target was looked for.
  if (req.socket.destroyed) return void connection.destroy();
  const outgoing = request({
    method: req.method,
    path,
    headers: requestHeaders(req, writtenTarget(target, defaultPort), methods),
    setHost: false,
    createConnection: () => connection,
  });
  res.once('close', () => outgoing.destroy());
  // What is not read would stand before the client's next request.
  outgoing.once('close', () => req.unpipe(outgoing).resume());
  const answered = answerOf(outgoing);
  // Not a pipeline: a server may answer before it has read everything, and that answer has to arrive.
  if (hasBody(req)) req.on('error', () => outgoing.destroy()).pipe(outgoing);
  else outgoing.end();
  try {
    const incoming = await answered;
    res.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, endToEndHeaders(incoming));
    await pipeline(incoming, res).catch(() => res.destroy());
  } catch (error) {
    outgoing.destroy();
    throw unreachable(target, error);
  }
}
