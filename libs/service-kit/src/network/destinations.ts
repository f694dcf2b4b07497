import { isIPv6, type LookupFunction } from 'node:net';
import { normaliseHost } from './host-name.js';
import { addressesOf, type HostResolver } from './host-resolver.js';
import { OutboundProxy, type ProxySettings } from './outbound-proxy.js';
import { interfaceAddresses, isOwnAddress, isPublicAddress } from './public-address.js';
import { TrustedHosts } from './trusted-hosts.js';

/** More than any host has. Checking each takes time that all share. */
const MAX_ADDRESSES = 64;

export interface Destination {
  /** As `normaliseHost` returns it. */
  host: string;
  port: number;
}

/** What a URL of a server leads to. */
export interface UrlDestination extends Destination {
  scheme: 'http' | 'https';
}

/** @param url of http or https @returns null when its host cannot be read */
export function destinationOf({ protocol, hostname, port }: URL): UrlDestination | null {
  const host = normaliseHost(hostname);
  const scheme = protocol === 'http:' ? 'http' : 'https';
  return host === null ? null : { scheme, host, port: Number(port) || (scheme === 'http' ? 80 : 443) };
}

/** Why nothing connects to a host. */
export class DestinationError extends Error {
  override name = 'DestinationError';

  constructor(readonly reason: 'host_unknown' | 'too_many_addresses' | 'address_not_public') {
    super(reason);
  }
}

/**
 * Resolves a host that users chose to the network addresses that may be connected to.
 *
 *     target ─► one DNS lookup ► every address public? ────────────────────────────────► these and no other
 *                                    └─no─► trusted host? ─► leads to this machine? ──no──┘ ▲
 *                                                                  └─yes─► trusted with its port
 *
 * Who connects afterwards uses these addresses and does not resolve the name again, so a name that resolves differently
 * the second time gains nothing. Where the operator's proxy makes the connection, a name that this machine cannot resolve is
 * left to the proxy. Trusting `registry.internal` does not open this machine's own services or the cloud's metadata, should that
 * name ever resolve to them: those need an entry with the port.
 */
export class Destinations {
  private readonly trusted: TrustedHosts;
  private readonly proxies: OutboundProxy;

  /** @param trustedHosts at private addresses */
  constructor(
    trustedHosts: readonly string[],
    proxies: ProxySettings,
    private readonly resolver: HostResolver,
  ) {
    this.trusted = new TrustedHosts(trustedHosts);
    this.proxies = new OutboundProxy(proxies);
  }

  /** The operator's proxy to this target. @param scheme `http` for a plain request; a tunnel counts as `https` */
  proxyFor(scheme: 'http' | 'https', target: Destination): URL | null {
    return this.proxies.proxyFor(scheme, target);
  }

  isTrusted(target: Destination): boolean {
    return this.trusted.has(target);
  }

  /** @returns one address or more, IPv4 first; none: only the operator's proxy knows the host. @throws DestinationError */
  async addressesOf(target: Destination, proxy: URL | null): Promise<string[]> {
    const addresses = await addressesOf(target.host, this.resolver, this.trusted.has(target));
    if (addresses.length === 0 && proxy === null) throw new DestinationError('host_unknown');
    if (addresses.length > MAX_ADDRESSES) throw new DestinationError('too_many_addresses');
    const own = interfaceAddresses();
    if (addresses.every((address) => this.mayReach(target, address, own))) return addresses;
    throw new DestinationError('address_not_public');
  }

  private mayReach(target: Destination, address: string, own: ReadonlySet<string>): boolean {
    if (isOwnAddress(address, own)) return this.trusted.hasPort(target);
    return isPublicAddress(address) || this.trusted.has(target);
  }
}

/** For a socket with `autoSelectFamily`: connects to these addresses, whatever the name resolves to. */
export const resolveTo =
  (addresses: readonly string[]): LookupFunction =>
  (_, __, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
    );
