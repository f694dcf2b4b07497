import type { IncomingHttpHeaders } from 'node:http';

const ALWAYS = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Names of the headers that a proxy must not forward: the standard ones, and those that `Connection` lists (RFC 9110, 7.6.1). */
export function hopByHop({ connection = '' }: IncomingHttpHeaders): Set<string> {
  return new Set([...ALWAYS, ...connection.split(',').map((name) => name.trim().toLowerCase())]);
}
