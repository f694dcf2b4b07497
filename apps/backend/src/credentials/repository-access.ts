import { Injectable } from '@nestjs/common';
import type { Credential, CredentialTest } from '@saas-codex/contracts/credentials';
import type { RepositoryRefs } from '@saas-codex/contracts/forges';
import { hostAndPort } from '@saas-codex/service-kit/network/host-name';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { TenantDatabase } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import type { RequestContext } from '../identity/request-context.js';
import type { ConnectedForgeEntity } from '../forges/connected-forge.entity.js';
import { ForgeConnections } from '../forges/forge-connections.js';
import { forgeNotFound } from '../forges/forge-store.js';
import { Forges, repositoryAt } from '../forges/forges.js';
import { FORGES_PAGE, ForgeError } from '../forges/port/forge-error.js';
import { SecretStore } from '../secrets/secret-store.js';
import { Clones, type ParsedAddress, type RemoteCredential } from '../workspaces/clones/clones.js';
import { CredentialEntity } from './credential.entity.js';
import { CredentialStore, credentialNotFound, nameOf, USUAL_PORTS } from './credential-store.js';

/** What git is to do. */
type GitRight = 'read' | 'push';

/** Something that git can open an address with. */
interface AccessSource {
  /** What people call it. */
  kind: 'credential' | 'connection';
  /** What a person does about it. */
  mend: string;
  /** null: the organisation's. */
  ownerId: string | null;
  /** The longer, the better it fits. */
  path: string;
  /** What it is for. */
  name: string;
  open(): Promise<RemoteCredential>;
  remember(set: { lastUsedAt?: Date; refusedAt: Date | null }): Promise<void>;
}

/** Where in the settings a person mends a credential. */
const WHERE = 'Settings → Git credentials';

const replaceUnder = (where: string) => `Replace its token under ${where}`;

/**
 * Which credential git uses for whom, and where:
 *
 *     address ─► host ─► the person's own, else the organisation's ─► of these, the longest path ─► opened for one call of git
 *
 * A connected forge counts as a credential for all of its host, so that one connection is enough to clone and to push.
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
    private readonly forges: Forges,
    private readonly connections: ForgeConnections,
  ) {}

  /**
   * Runs `work` with the credential for an address, and remembers how that went.
   * @param personId whose credentials may be used besides the organisation's
   * @param work gets null where there is none
   * @param right what `work` does: a GitHub App gets a token for that alone
   * @throws ProblemError clone_auth_failed, with what to do about the credential; what `work` throws
   */
  async withAccess<T>(
    { tenantId }: TenantScope,
    personId: string,
    repoUrl: string | null,
    work: (credential: RemoteCredential | null) => Promise<T>,
    right: GitRight = 'read',
  ): Promise<T> {
    const address = repoUrl === null ? null : this.clones.parseAddress(repoUrl);
    const source = address && (await this.find({ tenantId }, personId, address, right));
    const credential = source && (await source.open());
    try {
      const done = await work(credential);
      await source?.remember({ lastUsedAt: new Date(), refusedAt: null });
      return done;
    } catch (error) {
      if (isRefusal(error)) await source?.remember({ refusedAt: new Date() });
      throw error instanceof ProblemError ? explained(error, source) : error;
    }
  }

  /** The branches and tags of a repository. @throws ProblemError repo_url_*, repo_host_*, clone_*, with what to do */
  refs(ctx: RequestContext, personId: string, repoUrl: string): Promise<RepositoryRefs> {
    return this.withAccess(ctx, personId, repoUrl, (credential) =>
      this.clones.listRefs(ctx, repoUrl, credential),
    );
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
    const source = this.ofCredential(row);
    try {
      await this.clones.listRefs(ctx, repoUrl, await source.open());
      await source.remember({ lastUsedAt: new Date(), refusedAt: null });
      return { works: true, detail: 'The repository can be read with it.' };
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code.startsWith('repo_')) throw error;
      if (isRefusal(error)) await source.remember({ refusedAt: new Date() });
      return { works: false, detail: explained(error, source).detail };
    }
  }

  private async find(
    { tenantId }: TenantScope,
    personId: string,
    address: ParsedAddress,
    right: GitRight,
  ): Promise<AccessSource | null> {
    const scope = { tenantId, readerId: personId };
    const [rows, connection] = await Promise.all([
      this.db.run(scope, (tx) => tx.of(CredentialEntity).find({ where: { host: hostOf(address) } })),
      // A token is of no use to ssh.
      address.scheme === 'ssh' ? null : this.forges.connectionFor(scope, personId, address),
    ]);
    const credentials = rows.filter((row) => covers(row, address)).map((row) => this.ofCredential(row));
    const [best] = [
      ...credentials,
      ...(connection ? [this.ofConnection(connection, address, right)] : []),
    ].toSorted((a, b) => byOwner(a) - byOwner(b) || b.path.length - a.path.length);
    return best ?? null;
  }

  private ofCredential(row: CredentialEntity): AccessSource {
    return {
      kind: 'credential',
      mend: replaceUnder(WHERE),
      ownerId: row.ownerId,
      path: row.path,
      name: nameOf(row),
      open: () => this.open(row),
      remember: (set) => this.remember(row, set),
    };
  }

  private ofConnection(row: ConnectedForgeEntity, address: ParsedAddress, right: GitRight): AccessSource {
    return {
      kind: 'connection',
      mend: row.githubApp ? `Test it under ${FORGES_PAGE}` : replaceUnder(FORGES_PAGE),
      ownerId: row.ownerId,
      path: '',
      name: row.host,
      open: async () => {
        const login = await this.connections
          .gitLogin(row, repositoryAt(address), right)
          .catch((error: unknown) => Promise.reject(asGitProblem(error, right)));
        if (login === null) throw forgeNotFound();
        return { kind: 'token', ...login };
      },
      remember: (set) => this.connections.remember(row, set),
    };
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

const byOwner = ({ ownerId }: AccessSource) => (ownerId === null ? 1 : 0);

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

/** What it means for git that a forge gives no token. The forge's sentence says what to do. */
function asGitProblem(error: unknown, right: GitRight): unknown {
  if (!(error instanceof ForgeError)) return error;
  const codes = CODES[right];
  return new ProblemError(error.isPassing ? codes.passing : codes.refused, error.detail);
}

const CODES = {
  read: { passing: 'clone_unreachable', refused: 'clone_auth_failed' },
  push: { passing: 'push_unreachable', refused: 'push_auth_failed' },
} as const;

/** It says by itself what to do. */
class UnconfirmedHost extends ProblemError {}

const unconfirmed = (row: CredentialEntity) =>
  new UnconfirmedHost(
    'clone_auth_failed',
    `Nobody has confirmed the keys of ${row.host} yet, so the key for ${nameOf(row)} is not used. Confirm them under ${WHERE}, then try again.`,
  );

/** What the host's answer means for whoever has this source, or none. */
function explained(error: ProblemError, source: AccessSource | null): ProblemError {
  if (source === null || error instanceof UnconfirmedHost) return error;
  const { kind, name, mend, ownerId } = source;
  const whose = ownerId === null ? `organisation's ${kind}` : kind;
  if (isRefusal(error))
    return new ProblemError(
      error.code,
      `The host refused the ${whose} for ${name}: it may have expired, been revoked, or not be allowed to read this repository. ${mend}, then try again.`,
    );
  if (error.code !== 'clone_not_found') return error;
  return new ProblemError(
    error.code,
    `There is no repository at this address, or the ${whose} for ${name} may not read it. Check the address, and what the token is for.`,
  );
}
