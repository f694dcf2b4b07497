import type { IncomingMessage } from 'node:http';
import { hopByHop } from '@saas-codex/service-kit/network/hop-by-hop';
import type { Methods } from './network-rules.js';

/** By which some servers take another method than the request's; they read `_` as `-`. */
const OTHER_METHOD = /^x[-_](http[-_])?method([-_]override)?$/i;
const METHODS_WITH_BODY = ['POST', 'PUT', 'PATCH'];

/** A message's headers as name, value, name, value …, without those of its connection. */
export function endToEndHeaders({ rawHeaders, headers }: IncomingMessage, without: string[] = []): string[] {
  // Our server has answered `Expect` already.
  const dropped = new Set([...hopByHop(headers), 'expect', ...without]);
  return rawHeaders.filter((_, index) => !dropped.has(String(rawHeaders[index - (index % 2)]).toLowerCase()));
}

/** By what frames it, as Node's parser has checked it: never both a length and chunks. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * How the request is sent on: the headers that frame its body are written anew, so that two servers can never disagree
 * on where it ends.
 */
export function requestHeaders(req: IncomingMessage, host: string, methods: Methods): string[] {
  const others = methods === 'read' ? Object.keys(req.headers).filter((name) => OTHER_METHOD.test(name)) : [];
  const headers = ['Host', host, ...endToEndHeaders(req, ['host', 'content-length', ...others])];
  const length = req.headers['content-length'];
  if (req.headers['transfer-encoding'] !== undefined) return [...headers, 'Transfer-Encoding', 'chunked'];
  if (length !== undefined) return [...headers, 'Content-Length', length];
  return METHODS_WITH_BODY.includes(req.method ?? '') ? [...headers, 'Content-Length', '0'] : headers;
}
