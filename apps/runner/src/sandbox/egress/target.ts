import { normaliseHost } from '@saas-codex/service-kit/network/host-name';

/** Where a run wants to go: a host in its one spelling, see `normaliseHost`, and a port. */
export interface Target {
  host: string;
  port: number;
}

/** What an absolute-form request asks for; `path` is as it was written. */
export interface HttpTarget extends Target {
  path: string;
}

const AUTHORITY = /^(\[[^\]]*\]|[^:[\]@/?#\s]+)(?::(\d{1,5}))?$/;
const HTTP_URL = /^http:\/\/([^/?#]*)(\/[^#]*|\?[^#]*)?$/i;

/** `host:port`, as CONNECT and Host have it. @returns null when it cannot be read, or names a user */
export function parseAuthority(text: string, defaultPort?: number): Target | null {
  const [, written = '', digits] = AUTHORITY.exec(text) ?? [];
  const host = normaliseHost(written);
  const port = digits === undefined ? defaultPort : Number(digits);
  return host !== null && port !== undefined && port >= 1 && port <= 65_535 ? { host, port } : null;
}

/** @returns null for anything but `http://host[:port]/…` */
export function parseHttpUrl(url: string): HttpTarget | null {
  const [, authority = '', rest = ''] = HTTP_URL.exec(url) ?? [];
  const target = parseAuthority(authority, 80);
  return target && { ...target, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** As it stands in a Host header. */
export function writtenTarget({ host, port }: Target, defaultPort?: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === defaultPort ? name : `${name}:${port}`;
}

export const isSameTarget = (one: Target | null, other: Target): boolean =>
  one?.host === other.host && one.port === other.port;
