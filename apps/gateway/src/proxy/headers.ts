import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { HEADERS } from '@saas-codex/contracts/http';
import { hopByHop } from '@saas-codex/service-kit/network/hop-by-hop';
import type { Request } from 'express';

/** Headers that the gateway sets itself, or, like `expect`, has handled. A client must not choose their values. */
const SET_BY_GATEWAY = new Set([
  'host',
  'expect',
  'forwarded',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  HEADERS.gatewayMark,
]);

/**
 * Says where the body ends, so it must be forwarded even if the client lists it in `Connection`. Otherwise the backend would
 * read the body as the next request on a connection that other clients use (request smuggling).
 */
const FRAMING = 'content-length';

export const isEventStream = ({ headers }: IncomingMessage): boolean =>
  String(headers['content-type']).startsWith('text/event-stream');

/** The tenant that a backend's event stream belongs to; undefined: a backend of an earlier version does not say it. */
export function tenantOf({ headers }: IncomingMessage): string | undefined {
  const tenantId = headers[HEADERS.tenantId];
  return typeof tenantId === 'string' ? tenantId : undefined;
}

/** Returns the headers without hop-by-hop headers. */
export function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const dropped = hopByHop(headers);
  dropped.delete(FRAMING);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}

/** Returns the headers for the backend: those of the client, and who the client is according to TRUST_PROXY. */
export function upstreamHeaders(req: Request): OutgoingHttpHeaders {
  const headers = Object.fromEntries(
    Object.entries(endToEnd(req.headers)).filter(([name]) => !SET_BY_GATEWAY.has(name)),
  );
  return {
    ...headers,
    // Makes Node frame a body of unknown length again.
    ...(req.headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
    // A client that has just disconnected has no address, and HTTP/1.0 has no host.
    ...(req.ip && { 'x-forwarded-for': req.ip }),
    ...(req.host && { 'x-forwarded-host': req.host }),
    'x-forwarded-proto': req.protocol,
  };
}
