import { addressesOf, HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import {
  interfaceAddresses,
  isOwnAddress,
  isPublicAddress,
} from '@saas-codex/service-kit/network/public-address';
import { OutboundProxy, type ProxySettings } from '@saas-codex/service-kit/network/outbound-proxy';
import { TrustedHosts } from '@saas-codex/service-kit/network/trusted-hosts';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config.js';
import { EgressRefusal, tooManyAddresses, unknownHost } from './egress-error.js';
import type { HostPort } from './host-port.js';

/** More than any host has. Checking each takes time that all runs share. */
const MAX_ADDRESSES = 64;

/**
 * Resolves a target to the network addresses that any run may connect to.
 *
 *     target ─► one DNS lookup ► every address public? ────────────────────────────────► these and no other
 *                                    └─no─► trusted host? ─► leads to this machine? ──no──┘ ▲
 *                                                                  └─yes─► trusted with its port
 *
 * Where the operator's proxy makes the connection, a name that this machine cannot resolve is left to the proxy.
 * Trusting `registry.internal` does not open the runner's own services or the cloud's metadata, should that name ever resolve
 * to them: those need an entry with the port.
 */
@Injectable()
export class Destinations {
  private readonly trusted: TrustedHosts;
  private readonly proxies: OutboundProxy;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'EGRESS_TRUSTED_HOSTS'> & ProxySettings,
    private readonly resolver: HostResolver,
  ) {
    this.trusted = new TrustedHosts(config.EGRESS_TRUSTED_HOSTS);
    this.proxies = new OutboundProxy(config);
  }

  /** The operator's proxy to this target. @param scheme `http` for a plain request; a tunnel counts as `https` */
  proxyFor(scheme: 'http' | 'https', target: HostPort): URL | null {
    return this.proxies.proxyFor(scheme, target);
  }

  /** @returns one address or more, IPv4 first; none: only the operator's proxy knows the host. @throws EgressError */
  async addressesOf(target: HostPort, proxy: URL | null): Promise<string[]> {
    const addresses = await addressesOf(target.host, this.resolver, this.trusted.has(target));
    if (addresses.length === 0 && proxy === null) throw unknownHost(target);
    if (addresses.length > MAX_ADDRESSES) throw tooManyAddresses(target);
    const own = interfaceAddresses();
    if (addresses.every((address) => this.mayReach(target, address, own))) return addresses;
    throw new EgressRefusal(target, 'address_not_public');
  }

  private mayReach(target: HostPort, address: string, own: ReadonlySet<string>): boolean {
    if (isOwnAddress(address, own)) return this.trusted.hasPort(target);
    return isPublicAddress(address) || this.trusted.has(target);
  }
}
