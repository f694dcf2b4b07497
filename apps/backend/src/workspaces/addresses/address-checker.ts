import { Inject, Injectable } from '@nestjs/common';
import { addressesOf, HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { isPublicAddress } from '@saas-codex/service-kit/network/public-address';
import { TrustedHosts } from '@saas-codex/service-kit/network/trusted-hosts';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../../config.js';
import { type ParsedAddress, parseAddress } from './parse-address.js';

/** A repository address that may be connected to. */
export interface RepoAddress extends ParsedAddress {
  /** The only network addresses that git will connect to: those of `host` at the check. Never empty, IPv4 first. */
  pinnedTo: readonly string[];
}

/**
 * Decides which repositories we may connect to.
 *
 *     text ─► parse ─► trusted, or https/ssh? ─► resolve ─► every address public, or trusted? ─► RepoAddress
 *
 * Later, git connects to the network addresses found here without resolving the name again (git/transport.ts). So a
 * name that resolves differently the second time gains nothing.
 */
@Injectable()
export class AddressChecker {
  private readonly trusted: TrustedHosts;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'GIT_TRUSTED_HOSTS'>,
    private readonly resolver: HostResolver,
  ) {
    this.trusted = new TrustedHosts(config.GIT_TRUSTED_HOSTS);
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
    const pinnedTo = await this.resolve(parsed, trusted);
    if (!trusted && !pinnedTo.every(isPublicAddress)) throw forbidden(parsed);
    return { ...parsed, pinnedTo };
  }

  private async resolve({ host }: ParsedAddress, trusted: boolean): Promise<string[]> {
    const addresses = await addressesOf(host, this.resolver, trusted);
    if (addresses.length === 0) {
      throw new ProblemError(
        'repo_host_unknown',
        `The host ${host} was not found. Check the address for a typing mistake.`,
      );
    }
    return addresses;
  }
}

const forbidden = ({ host }: ParsedAddress) =>
  new ProblemError(
    'repo_host_forbidden',
    `The host ${host} is in a private or reserved network. The operator can allow it with GIT_TRUSTED_HOSTS.`,
  );
