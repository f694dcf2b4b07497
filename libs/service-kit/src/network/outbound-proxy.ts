import { type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';

/** The operator's proxies, as the settings give them. */
export interface ProxySettings {
  HTTP_PROXY?: string | undefined;
  HTTPS_PROXY?: string | undefined;
  NO_PROXY?: readonly string[];
}

interface HostPort {
  /** As `normaliseHost` returns it. */
  host: string;
  port: number;
}

const CONNECT_MS = 10_000;
const LOOPBACK = ['localhost', '127.0.0.0/8', '::1'];

/** Decides which hosts are reached through a proxy. */
export class OutboundProxy {
  private readonly direct: readonly ((target: HostPort) => boolean)[];

  constructor(private readonly settings: ProxySettings) {
    this.direct = [...LOOPBACK, ...(settings.NO_PROXY ?? [])].map(matcherOf);
  }

  /** @param scheme of the address; a tunnel for anything else counts as https @returns null: no proxy */
  proxyFor(scheme: string, target: HostPort): URL | null {
    const { HTTP_PROXY, HTTPS_PROXY } = this.settings;
    const proxy = scheme === 'http' ? HTTP_PROXY : HTTPS_PROXY;
    if (proxy === undefined || this.direct.some((matches) => matches(target))) return null;
    return new URL(proxy);
  }
}

const ENTRY = /^(?:\*?\.)?(.*?)(?::(\d+))?$/;
const NETWORK = /^(.+)\/(\d{1,3})$/;

/** `*`, a name with the names below it, an address or a network; names and addresses may have a port. */
function matcherOf(entry: string): (target: HostPort) => boolean {
  if (entry === '*') return () => true;
  const [, network = '', bits] = NETWORK.exec(entry) ?? [];
  if (isIP(network) !== 0) {
    const list = new BlockList();
    list.addSubnet(network, Number(bits), familyOf(network));
    return ({ host }) => isIP(host) !== 0 && list.check(host, familyOf(host));
  }
  const address = entry.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) return ({ host }) => host === address;
  const [, name = '', port] = ENTRY.exec(entry) ?? [];
  return (target) =>
    (target.host === name.replace(/^\[|\]$/g, '') || target.host.endsWith(`.${name}`)) &&
    (port === undefined || target.port === Number(port));
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** The proxy did not do what it was asked for; `code` is `PROXY_<status>`. */
class ProxyRefusal extends Error {
  readonly code: string;

  constructor(status: number) {
    super(`the proxy answered ${status}`);
    this.code = `PROXY_${status}`;
  }
}

/** Where Node's HTTP client finds the proxy. */
export const addressOfProxy = ({ protocol, hostname, port }: URL) => ({
  host: hostname.replace(/^\[|\]$/g, ''),
  port: Number(port) || (protocol === 'https:' ? 443 : 80),
});

/** Empty: the proxy's address has no user name. */
export function proxyAuthorization({ username, password }: URL): OutgoingHttpHeaders {
  if (username === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/**
 * Opens a tunnel (CONNECT).
 * @throws Error with a `code`: the proxy cannot be reached, or refuses
 */
export function connectThrough(proxy: URL, { host, port }: HostPort, signal?: AbortSignal): Promise<Socket> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const outgoing = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    ...addressOfProxy(proxy),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    ...(signal && { signal }),
  });
  const timedOut = () => outgoing.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }));
  const timer = setTimeout(timedOut, CONNECT_MS);
  return new Promise<Socket>((resolve, reject) => {
    outgoing.once('connect', ({ statusCode = 502 }, socket, head) => {
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        return reject(new ProxyRefusal(statusCode));
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    outgoing.once('error', reject);
    outgoing.end();
  }).finally(() => clearTimeout(timer));
}
