import { isIP } from 'node:net';

const WRITTEN_HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)$/;
const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/**
 * Returns the canonical spelling of a host: a name in lower case without a final dot, or an IP address without brackets. Like
 * a resolver, the URL parser turns every spelling of an IPv4 address (decimal, octal, hex, short) into the usual one.
 * @returns null for text that is not a host in plain ASCII
 */
export function normaliseHost(text: string): string | null {
  if (!WRITTEN_HOST.test(text)) return null;
  const url = `https://${text}/`;
  if (!URL.canParse(url)) return null;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return isIP(host) !== 0 || NAME.test(host) ? host : null;
}

/** A canonical host as addresses have it. @param usual the port that they need not name */
export function hostAndPort(host: string, port: number, usual: number | null): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === usual ? shown : `${shown}:${port}`;
}
