import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { hopByHop } from '@saas-codex/service-kit/network/hop-by-hop';
import type { Request } from 'express';

/** What a client may not say about itself: the gateway says it. `expect` was answered by the gateway's server. */
const OWN = new Set([
  'host',
  'expect',
  'forwarded',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);

/**
 * Says where the body ends. A client that lists it in `Connection` would else have the body written without its
 * length, and the backend would read it as the next request on a connection that others use.
 */
const FRAMING = 'content-length';

/** The headers without those that end here. */
export function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const ending = hopByHop(headers);
  ending.delete(FRAMING);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ending.has(name)));
}

/** What the backend gets: the client's headers, and who the client is, as TRUST_PROXY lets the gateway know it. */
export function upstreamHeaders(req: Request): OutgoingHttpHeaders {
  const headers = Object.fromEntries(
    Object.entries(endToEnd(req.headers)).filter(([name]) => !OWN.has(name)),
  );
  return {
    ...headers,
    // Node must be told to frame a body of unknown length anew.
    ...(req.headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
    // A client that has just gone has no address any more, HTTP/1.0 no host.
    ...(req.ip && { 'x-forwarded-for': req.ip }),
    ...(req.host && { 'x-forwarded-host': req.host }),
    'x-forwarded-proto': req.protocol,
  };
}
