import { Injectable } from '@nestjs/common';
import { hostAndPort, normaliseHost } from '@saas-codex/service-kit/network/host-name';
import type { TenantScope } from '../database/tenant-row.js';
import { Clones, type ParsedAddress } from '../workspaces/clones/clones.js';
import { ForgeConnections } from './forge-connections.js';
import type { ConnectedForgeEntity } from './connected-forge.entity.js';
import type { Forge } from './port/forge.js';
import type { RepositoryRef } from './port/repositories.js';
import { knownHostOf } from './ssh-hosts.js';

const HTTPS_PORT = 443;

export interface ForgeRepositoryAccess {
  forge: Forge;
  repository: RepositoryRef;
  /** Which connection it is: a person's own, or the organisation's. */
  connection: Pick<ConnectedForgeEntity, 'id' | 'ownerId' | 'kind'>;
}

/**
 * The door of this feature: a repository's address leads to its forge, with the token of whoever asks.
 *
 *     address ─► host ─► the person's own connection, else the organisation's ─► opened ─► Forge (port/)
 */
@Injectable()
export class Forges {
  constructor(
    private readonly connections: ForgeConnections,
    private readonly clones: Clones,
  ) {}

  /**
   * @param personId whose connections may be used besides the organisation's
   * @param repoUrl over https or ssh
   * @returns null: nobody has connected the forge at this address, so there is only git
   * @throws ProblemError repo_url_*
   */
  async forRepository(
    scope: TenantScope,
    personId: string,
    repoUrl: string,
  ): Promise<ForgeRepositoryAccess | null> {
    const address = this.clones.parseAddress(repoUrl);
    const row = await this.connectionFor(scope, personId, address);
    const forge = row && (await this.connections.open(row));
    return forge ? { forge, repository: repositoryAt(address), connection: row } : null;
  }

  /** The connection that fits an address best; null: none does. */
  async connectionFor(
    scope: TenantScope,
    personId: string,
    address: ParsedAddress,
  ): Promise<ConnectedForgeEntity | null> {
    const rows = await this.connections.usable(scope, personId);
    return rows.find((row) => isAt(row, address) && hasIn(row, address)) ?? null;
  }
}

/** As `ConnectedForgeEntity.host` has it. */
export const forgeHostOf = ({
  scheme,
  host,
  port,
}: Pick<ParsedAddress, 'scheme' | 'host' | 'port'>): string =>
  hostAndPort(host, port, scheme === 'http' ? null : HTTPS_PORT);

/** Over ssh a forge has the name that its pages have, and any port. */
const isAt = (row: ConnectedForgeEntity, address: ParsedAddress): boolean =>
  address.scheme === 'ssh'
    ? normaliseHost(new URL(row.url).hostname) === knownHostOf(address.host)
    : row.host === forgeHostOf(address);

const hasIn = ({ workspace }: ConnectedForgeEntity, { url }: ParsedAddress): boolean =>
  workspace === null || new URL(url).pathname.toLowerCase().startsWith(`/${workspace}/`);

export const repositoryAt = ({ url }: ParsedAddress): RepositoryRef => ({
  path: decodeURIComponent(new URL(url).pathname)
    .slice(1)
    .replace(/\.git$/, ''),
});
