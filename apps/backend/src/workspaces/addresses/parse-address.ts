import { isIP } from 'node:net';
import { completedAddress } from '@saas-codex/contracts/repository-address';
import { normaliseHost } from '@saas-codex/service-kit/network/host-name';
import { ProblemError } from '@saas-codex/service-kit/problem';

/** A repository address, taken apart and normalised. Its host has not been checked. */
export interface ParsedAddress {
  /** Normalised and without credentials. This is stored, shown, and set as `origin`. */
  url: string;
  scheme: 'https' | 'http' | 'ssh';
  /** Lower-case ASCII name, or an IP address without brackets. */
  host: string;
  port: number;
}

/*
 * The few forms of repository addresses that we accept. None of them can mean something else to git:
 *
 *     https://host[:port]/path      http://… (only for trusted hosts; AddressChecker decides)
 *     ssh://[user@]host[:port]/path
 *     user@host:path                the short form of ssh
 *
 * Only printable ASCII is accepted, so no character can look like another one, vanish, or turn into a digit or a dot
 * on the way to the resolver.
 */
const PORTS = { https: 443, http: 80, ssh: 22 } as const;
const MAX_LENGTH = 2_000;
const PRINTABLE = /^[\x21-\x7e]+$/;
const UNSAFE = /[\\"'<>^`{|}?#$&;()*!]/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/;
const SHORT_SSH = /^([^@/:]+)@(\[[^\]]*\]|[^:/@]+):(.*)$/;
const AUTHORITY = /^(?:([^@]*)@)?(\[[^\]]*\]|[^:@[\]]+)(?::(\d{1,5}))?$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const DEFAULT_SSH_USER = 'git';

/** @throws ProblemError repo_url_invalid, repo_url_scheme, repo_url_credentials */
export function parseAddress(text: string): ParsedAddress {
  if (text.length > MAX_LENGTH || !PRINTABLE.test(text)) {
    throw invalid(
      'Write it in plain letters without spaces; write special characters as %XX and foreign hosts as xn--….',
    );
  }
  const url = SCHEME.exec(text);
  if (url) return parseUrl((url[1] ?? '').toLowerCase(), url[2] ?? '');
  const short = SHORT_SSH.exec(text);
  if (short && !short[3]?.startsWith(':')) return parseShortSsh(short);
  throw unsupported(completedAddress(text));
}

function parseUrl(scheme: string, rest: string): ParsedAddress {
  if (scheme !== 'https' && scheme !== 'http' && scheme !== 'ssh') throw unsupported();
  const slash = rest.indexOf('/');
  if (slash < 0) throw invalid('It names a host but no repository.');
  const authority = AUTHORITY.exec(rest.slice(0, slash));
  const user = authority?.[1];
  if (user !== undefined && (scheme !== 'ssh' || user.includes(':'))) throw credentials();
  if (!authority && rest.slice(0, slash).includes('@')) throw credentials();
  if (!authority) throw invalid('Its host cannot be read.');
  const host = readHost(authority[2] ?? '');
  const port = normalisePort(authority[3], PORTS[scheme]);
  return build(scheme, user, host, port, rest.slice(slash));
}

const parseShortSsh = ([, user, host = '', path = '']: RegExpExecArray): ParsedAddress =>
  build('ssh', user, readHost(host), PORTS.ssh, path.startsWith('/') ? path : `/${path}`);

function build(
  scheme: keyof typeof PORTS,
  user: string | undefined,
  host: string,
  port: number,
  path: string,
) {
  const login = scheme === 'ssh' ? `${normaliseUser(user ?? DEFAULT_SSH_USER)}@` : '';
  const shownHost = isIP(host) === 6 ? `[${host}]` : host;
  const shownPort = port === PORTS[scheme] ? '' : `:${port}`;
  return { url: `${scheme}://${login}${shownHost}${shownPort}${normalisePath(path)}`, scheme, host, port };
}

function readHost(text: string): string {
  const host = normaliseHost(text);
  if (host === null) throw invalid('Its host is not a valid name.');
  return host;
}

function normalisePort(text: string | undefined, fallback: number): number {
  const port = text === undefined ? fallback : Number(text);
  if (port < 1 || port > 65_535) throw invalid('Its port must be a number from 1 to 65535.');
  return port;
}

function normaliseUser(user: string): string {
  if (!USER.test(user)) throw invalid('Its user name has characters that are not allowed.');
  return user;
}

function normalisePath(text: string): string {
  const path = text.replace(/\/+$/, '');
  if (path === '') throw invalid('It names a host but no repository.');
  if (UNSAFE.test(path))
    throw invalid('Its path has characters that are not allowed; a query or fragment is not, either.');
  const decoded = decode(path);
  if (/[\p{Cc}\\]/u.test(decoded)) throw invalid('Its path contains control characters.');
  const segments = decoded.split('/').slice(1);
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw invalid('Its path has empty or relative parts.');
  }
  if (segments.some((segment) => segment.startsWith('-')))
    throw invalid('A part of its path starts with a dash.');
  return path;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalid('Its path has a broken %XX.');
  }
}

const invalid = (detail: string) =>
  new ProblemError('repo_url_invalid', `The repository address is not valid. ${detail}`);

/** @param meant the address that the person may have meant */
const unsupported = (meant: string | null = null) =>
  new ProblemError(
    'repo_url_scheme',
    meant === null
      ? 'Give the address as https://host/owner/repository or git@host:owner/repository. Other kinds of addresses, and local folders, are not supported.'
      : `Give the whole address: ${meant}.`,
  );

const credentials = () =>
  new ProblemError(
    'repo_url_credentials',
    'Take the user name and password or token out of the address: addresses are stored and shown.',
  );
