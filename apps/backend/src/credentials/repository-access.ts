import { Injectable } from '@nestjs/common';
import type { Credential, CredentialTest } from '@saas-codex/contracts/credentials';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { TenantDatabase } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import type { RequestContext } from '../identity/request-context.js';
import { SecretStore } from '../secrets/secret-store.js';
import { Clones, type ParsedAddress, type RemoteCredential } from '../workspaces/clones/clones.js';
import { CredentialEntity } from './credential.entity.js';
import { CredentialStore, credentialNotFound, hostAndPort, nameOf, USUAL_PORTS } from './credential-store.js';

/** Where in the settings a person mends it. */
const WHERE = 'Settings → Git credentials';

/**
 * Which credential git uses for whom, and where:
 *
 *     address ─► host ─► the person's own, else the organisation's ─► of these, the longest path ─► opened for one call of git
 *
 * The secret part leaves the store for the call, and is kept nowhere else. Whether the person may read the repository is for the
 * host to decide, each time.
 */
@Injectable()
export class RepositoryAccess {
  constructor(
    private readonly db: TenantDatabase,
    private readonly credentials: CredentialStore,
    private readonly secrets: SecretStore,
    private readonly clones: Clones,
  ) {}

  /**
   * Runs `work` with the credential for an address, and remembers how that went.
   * @param personId whose credentials may be used besides the organisation's
   * @param work gets null where there is none
   * @throws ProblemError clone_auth_failed, with what to do about the credential; what `work` throws
   */
  async withAccess<T>(
    { tenantId }: TenantScope,
    personId: string,
    repoUrl: string | null,
    work: (credential: RemoteCredential | null) => Promise<T>,
  ): Promise<T> {
    const address = repoUrl === null ? null : this.clones.parseAddress(repoUrl);
    const row = address && (await this.find({ tenantId, readerId: personId }, address));
    try {
      const done = await work(row && (await this.open(row)));
      if (row) await this.remember(row, { lastUsedAt: new Date(), refusedAt: null });
      return done;
    } catch (error) {
      if (row && isRefusal(error)) await this.remember(row, { refusedAt: new Date() });
      throw error instanceof ProblemError ? explained(error, row) : error;
    }
  }

  /**
   * Asks the host of a key for its own keys. A person compares and confirms them before the key is used.
   * @throws ProblemError credential_not_found, forbidden, repo_*, clone_unreachable
   */
  async findHostKeys(ctx: RequestContext, id: string): Promise<Credential> {
    const row = await this.db.run(ctx, (tx) => tx.of(CredentialEntity).findOne({ where: { id } }));
    if (row?.kind !== 'ssh_key') throw credentialNotFound();
    return this.credentials.keepHostKeys(ctx, id, await this.clones.hostKeys(`ssh://${row.host}/x`));
  }

  /**
   * Reads the repository's branches with this credential and no other.
   * @throws ProblemError credential_not_found, repo_url_*, repo_host_*
   */
  async test(ctx: RequestContext, id: string, repoUrl: string): Promise<CredentialTest> {
    const row = await this.db.run(ctx, (tx) => tx.of(CredentialEntity).findOne({ where: { id } }));
    if (!row) throw credentialNotFound();
    if (!covers(row, this.clones.parseAddress(repoUrl)))
      return { works: false, detail: `This credential is for ${nameOf(row)}, and not for this repository.` };
    try {
      await this.clones.checkAccess(ctx, repoUrl, await this.open(row));
      await this.remember(row, { lastUsedAt: new Date(), refusedAt: null });
      return { works: true, detail: 'The repository can be read with it.' };
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code.startsWith('repo_')) throw error;
      if (isRefusal(error)) await this.remember(row, { refusedAt: new Date() });
      return { works: false, detail: explained(error, row).detail };
    }
  }

  private async find(scope: TenantScope, address: ParsedAddress): Promise<CredentialEntity | null> {
    const rows = await this.db.run(scope, (tx) =>
      tx.of(CredentialEntity).find({ where: { host: hostOf(address) } }),
    );
    const [best] = rows
      .filter((row) => covers(row, address))
      .toSorted((a, b) => byOwner(a) - byOwner(b) || b.path.length - a.path.length);
    return best ?? null;
  }

  /** @throws ProblemError clone_auth_failed when nobody has confirmed the host's keys */
  private async open(row: CredentialEntity): Promise<RemoteCredential> {
    const secret = await this.secrets.valueOf({ tenantId: row.tenantId }, row.id);
    if (secret === null) throw credentialNotFound();
    const { publicKey, hostKeys, hostKeysConfirmedAt } = row;
    if (publicKey === null) return { kind: 'token', username: row.username ?? '', password: secret };
    if (hostKeys === null || hostKeysConfirmedAt === null) throw unconfirmed(row);
    return { kind: 'ssh_key', privateKey: secret, publicKey, hostKeys };
  }

  private async remember(
    { id, tenantId }: CredentialEntity,
    set: Partial<Pick<CredentialEntity, 'lastUsedAt' | 'refusedAt'>>,
  ): Promise<void> {
    await this.db.run({ tenantId }, (tx) => tx.of(CredentialEntity).update({ id }, set));
  }
}

const byOwner = ({ ownerId }: CredentialEntity) => (ownerId === null ? 1 : 0);

const kindFor = ({ scheme }: ParsedAddress) => (scheme === 'ssh' ? 'ssh_key' : 'token');

/** As `CredentialEntity.host` has it. */
const hostOf = (address: ParsedAddress) =>
  hostAndPort(address.host, address.port, address.scheme === 'http' ? null : USUAL_PORTS[kindFor(address)]);

/** Hosts that tell upper from lower case in paths are rare, and get nothing that they would not get anyway. */
function covers(row: CredentialEntity, address: ParsedAddress): boolean {
  const path = new URL(address.url).pathname
    .slice(1)
    .replace(/\.git$/, '')
    .toLowerCase();
  const own = row.path.replace(/\.git$/, '').toLowerCase();
  return (
    row.kind === kindFor(address) &&
    row.host === hostOf(address) &&
    (own === '' || `${path}/`.startsWith(`${own}/`))
  );
}

const isRefusal = (error: unknown): boolean =>
  error instanceof ProblemError && error.code === 'clone_auth_failed';

const unconfirmed = (row: CredentialEntity) =>
  new ProblemError(
    'clone_auth_failed',
    `Nobody has confirmed the keys of ${row.host} yet, so the key for ${nameOf(row)} is not used. Confirm them under ${WHERE}, then try again.`,
  );

/** What the host's answer means for whoever has this credential, or none. */
function explained(error: ProblemError, row: CredentialEntity | null): ProblemError {
  if (row === null || (row.kind === 'ssh_key' && row.hostKeysConfirmedAt === null)) return error;
  const whose = row.ownerId === null ? "organisation's credential" : 'credential';
  if (isRefusal(error))
    return new ProblemError(
      error.code,
      `The host refused the ${whose} for ${nameOf(row)}: it may have expired, been revoked, or not be allowed to read this repository. Replace its token under ${WHERE}, then try again.`,
    );
  if (error.code !== 'clone_not_found') return error;
  return new ProblemError(
    error.code,
    `There is no repository at this address, or the ${whose} for ${nameOf(row)} may not read it. Check the address, and what the token is for.`,
  );
}
