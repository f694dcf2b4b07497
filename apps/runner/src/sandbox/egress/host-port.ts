import { normaliseHost } from '@saas-codex/service-kit/network/host-name';

/** Where a run wants to connect: a host, normalised by `normaliseHost`, and a port. */
export interface HostPort {
  host: string;
  port: number;
}

/** The target of an absolute-form request; `path` is as the client wrote it. */
export interface HttpTarget extends HostPort {
  path: string;
}

const AUTHORITY = /^(\[[^\]]*\]|[^:[\]@/?#\s]+)(?::(\d{1,5}))?$/;
const HTTP_URL = /^http:\/\/([^/?#]*)(\/[^#]*|\?[^#]*)?$/i;

/** Parses `host:port` of CONNECT and Host. @returns null when it is malformed or names a user */
export function parseAuthority(text: string, defaultPort?: number): HostPort | null {
  const [, written = '', digits] = AUTHORITY.exec(text) ?? [];
  const host = normaliseHost(written);
  const port = digits === undefined ? defaultPort : Number(digits);
  return host !== null && port !== undefined && port >= 1 && port <= 65_535 ? { host, port } : null;
}

/** @returns null for everything but `http://host[:port]/…` */
export function parseHttpUrl(url: string): HttpTarget | null {
  const [, authority = '', rest = ''] = HTTP_URL.exec(url) ?? [];
  const target = parseAuthority(authority, 80);
  return target && { ...target, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** As in a Host header. */
export function formatHostPort({ host, port }: HostPort, defaultPort?: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === defaultPort ? name : `${name}:${port}`;
}

export const isSameHostPort = (one: HostPort | null, other: HostPort): boolean =>
  one?.host === other.host && one.port === other.port;
