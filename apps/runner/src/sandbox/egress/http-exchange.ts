import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hopByHop } from '@saas-codex/service-kit/network/hop-by-hop';
import { proxyAuthorization } from '@saas-codex/service-kit/network/outbound-proxy';
import { responseTo } from '../listener/response-to.js';
import { EgressRefusal, unreachable, unreadable } from './egress-error.js';
import { formatHostPort, type HostPort, parseHttpUrl } from './host-port.js';
import { isReadMethod, type Methods } from './network-rules.js';
import type { RunEgress } from './run-egress.js';

/** One request and its response, on the way to a permitted host. */
export interface HttpExchange {
  req: IncomingMessage;
  res: ServerResponse;
  target: HostPort;
  /** On the target, with its query. */
  path: string;
  /** That of the scheme, which a Host header omits. */
  defaultPort: number;
  methods: Methods;
  /** The operator's proxy, which gets this request. */
  proxy?: URL;
}

/** Headers by which some servers replace the request's method. They read `_` as `-`. */
const METHOD_OVERRIDE = /^x[-_](http[-_])?method([-_]override)?$/i;
const METHODS_WITH_BODY = ['POST', 'PUT', 'PATCH'];

/** Proxies `GET http://host/path`. @throws EgressError */
export async function proxyPlainRequest(
  run: RunEgress,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const target = parseHttpUrl(req.url ?? '');
  if (target === null) throw unreadable();
  const methods = await run.permit(target, req.method ?? null, req.socket);
  if (methods === 'read') requireReading(req, target);
  const exchange = { req, res, target, path: target.path, defaultPort: 80, methods };
  const route = await run.locate(target, 'http');
  const { proxy } = route;
  if (proxy === null) return forwardExchange(exchange, await run.dial(target, route));
  const path = `http://${formatHostPort(target, 80)}${target.path}`;
  await forwardExchange({ ...exchange, path, proxy }, await run.dialProxy(proxy, target));
}

/** @throws EgressRefusal for everything that could change something, or carry much data out */
export function requireReading(req: IncomingMessage, target: HostPort): void {
  if (!isReadMethod(req.method) || hasBody(req) || req.headers.upgrade !== undefined)
    throw new EgressRefusal(target, 'method_not_allowed');
}

/**
 * Forwards a request over a connection to its target and streams the response back, with backpressure both ways. Node's
 * strict parser reads both sides, and both are written anew. Nothing is upgraded.
 * @returns when the response has been sent, or either side has closed
 * @throws EgressError when no response begins
 */
export async function forwardExchange(exchange: HttpExchange, connection: Duplex): Promise<void> {
  const { req, res, target, path, defaultPort, methods, proxy } = exchange;
  // The client may have disconnected during the lookup.
  if (req.socket.destroyed) return void connection.destroy();
  const outgoing = request({
    method: req.method,
    path,
    headers: [
      ...requestHeaders(req, formatHostPort(target, defaultPort), methods),
      ...(proxy ? Object.entries(proxyAuthorization(proxy)).flat().map(String) : []),
    ],
    setHost: false,
    createConnection: () => connection,
  });
  res.once('close', () => outgoing.destroy());
  // Unread bytes would block the client's next request.
  outgoing.once('close', () => req.unpipe(outgoing).resume());
  const response = responseTo(outgoing);
  // Not a pipeline: a server may respond before it has read everything, and that response must arrive.
  if (hasBody(req)) req.on('error', () => outgoing.destroy()).pipe(outgoing);
  else outgoing.end();
  try {
    const incoming = await response;
    res.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, endToEndHeaders(incoming));
    await pipeline(incoming, res).catch(() => res.destroy());
  } catch (error) {
    outgoing.destroy();
    throw unreachable(target, error);
  }
}

/** A message's headers as name, value, name, value …, without those that concern only its connection. */
function endToEndHeaders({ rawHeaders, headers }: IncomingMessage, without: string[] = []): string[] {
  // Our server has answered `Expect` already.
  const dropped = new Set([...hopByHop(headers), 'expect', ...without]);
  return rawHeaders.filter((_, index) => !dropped.has(String(rawHeaders[index - (index % 2)]).toLowerCase()));
}

/** Judged by the framing, which Node's parser has checked: never both a length and chunks. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** The headers that frame the body are written anew, so that two servers can never disagree on where it ends. */
function requestHeaders(req: IncomingMessage, host: string, methods: Methods): string[] {
  const overrides =
    methods === 'read' ? Object.keys(req.headers).filter((name) => METHOD_OVERRIDE.test(name)) : [];
  const headers = ['Host', host, ...endToEndHeaders(req, ['host', 'content-length', ...overrides])];
  const length = req.headers['content-length'];
  if (req.headers['transfer-encoding'] !== undefined) return [...headers, 'Transfer-Encoding', 'chunked'];
  if (length !== undefined) return [...headers, 'Content-Length', length];
  return METHODS_WITH_BODY.includes(req.method ?? '') ? [...headers, 'Content-Length', '0'] : headers;
}
