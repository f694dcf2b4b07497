import type { IncomingHttpHeaders } from 'node:http';

const USUAL = [
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

/** Names of a message's headers that concern one connection and end at a proxy: the usual ones, and those it says (RFC 9110, 7.6.1). */
export function hopByHop({ connection = '' }: IncomingHttpHeaders): Set<string> {
  return new Set([...USUAL, ...connection.split(',').map((name) => name.trim().toLowerCase())]);
}
