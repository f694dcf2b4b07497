import { Inject, Injectable } from '@nestjs/common';
import { addressesOf, HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { isPublicAddress } from '@saas-codex/service-kit/network/public-address';
import { OutboundProxy, type ProxySettings } from '@saas-codex/service-kit/network/outbound-proxy';
import { TrustedHosts } from '@saas-codex/service-kit/network/trusted-hosts';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../../config.js';
import { type ParsedAddress, parseAddress } from './parse-address.js';

/** A repository address that may be connected to. */
export interface RepoAddress extends ParsedAddress {
  /**
   * The only network addresses that git will connect to: those of `host` at the check, IPv4 first. Empty only if there is a
   * proxy, and it alone knows the host.
   */
  pinnedTo: readonly string[];
  /** The operator's proxy to the host. null: none. */
  proxy: URL | null;
}

/**
 * Decides which repositories we may connect to.
 *
 *     text ─► parse ─► trusted, or https/ssh? ─► resolve ─► every address public, or trusted? ─► RepoAddress
 *
 * Later, git connects to the network addresses found here without resolving the name again (git/transport.ts). So a
 * name that resolves differently the second time gains nothing. Where the operator's proxy makes the connection, the proxy
 * resolves the name, and one that we cannot resolve is left to it.
 */
@Injectable()
export class AddressChecker {
  private readonly trusted: TrustedHosts;
  private readonly proxies: OutboundProxy;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'GIT_TRUSTED_HOSTS'> & ProxySettings,
    private readonly resolver: HostResolver,
  ) {
    this.trusted = new TrustedHosts(config.GIT_TRUSTED_HOSTS);
    this.proxies = new OutboundProxy(config);
  }

  /** @throws ProblemError repo_url_*, repo_host_* */
  async checkAddress(text: string): Promise<RepoAddress> {
    const parsed = parseAddress(text);
    const trusted = this.trusted.has(parsed);
    if (parsed.scheme === 'http' && !trusted) {
      throw new ProblemError(
        'repo_url_scheme',
        'Use https:// or ssh; http:// is only for hosts that the operator trusts.',
      );
    }
    const proxy = parsed.scheme === 'ssh' ? null : this.proxies.proxyFor(parsed.scheme, parsed);
    const pinnedTo = await addressesOf(parsed.host, this.resolver, trusted);
    if (pinnedTo.length === 0 && proxy === null) throw unknown(parsed);
    if (!trusted && !pinnedTo.every(isPublicAddress)) throw forbidden(parsed);
    return { ...parsed, pinnedTo, proxy };
  }
}

const unknown = ({ host }: ParsedAddress) =>
  new ProblemError(
    'repo_host_unknown',
    `The host ${host} was not found. Check the address for a typing mistake.`,
  );

const forbidden = ({ host }: ParsedAddress) =>
  new ProblemError(
    'repo_host_forbidden',
    `The host ${host} is in a private or reserved network. The operator can allow it with GIT_TRUSTED_HOSTS.`,
  );
