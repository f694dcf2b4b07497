import { Injectable } from '@nestjs/common';
import type { ForgeKind } from '@saas-codex/contracts/forges';
import { TenantDatabase } from '../database/tenant-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import { SecretStore } from '../secrets/secret-store.js';
import { BitbucketForge } from './bitbucket/bitbucket-forge.js';
import { ConnectedForgeEntity } from './connected-forge.entity.js';
import { ForgeFetch } from './forge-fetch.js';
import { GiteaForge } from './gitea/gitea-forge.js';
import type { GithubApp } from './github/github-app.js';
import { GithubAppForge } from './github/github-app-forge.js';
import { GithubForge } from './github/github-forge.js';
import { GitlabForge } from './gitlab/gitlab-forge.js';
import type { Forge, ForgeConnection } from './port/forge.js';
import { reliable, withForgeErrors } from './port/reliable-forge.js';
import type { RepositoryRef } from './port/repositories.js';

const ADAPTERS: Record<ForgeKind, new (connection: ForgeConnection) => Forge> = {
  github: GithubForge,
  gitlab: GitlabForge,
  gitea: GiteaForge,
  bitbucket: BitbucketForge,
};

/** What git gives as the user name with a token, by what each forge's docs ask for. */
const GIT_USERS: Record<ForgeKind, string> = {
  github: 'x-access-token',
  gitlab: 'oauth2',
  // Any name does.
  gitea: 'git',
  bitbucket: 'x-token-auth',
};

/** An answer is remembered once per this time, unless it changes what is known. */
const REMEMBER_MS = 60_000;
const REFUSED = 401;

/** The connections that people and organisations have, opened for those who use them. A token leaves the store for one call. */
@Injectable()
export class ForgeConnections {
  constructor(
    private readonly db: TenantDatabase,
    private readonly secrets: SecretStore,
    private readonly fetch: ForgeFetch,
  ) {}

  /** Those that a person may use, their own first. */
  async usable({ tenantId }: TenantScope, personId: string): Promise<ConnectedForgeEntity[]> {
    const rows = await this.db.run({ tenantId, readerId: personId }, (tx) =>
      tx.of(ConnectedForgeEntity).find(),
    );
    const byOwner = ({ ownerId }: ConnectedForgeEntity) => (ownerId === null ? 1 : 0);
    return rows.toSorted((a, b) => byOwner(a) - byOwner(b));
  }

  /** @returns null when it was removed meanwhile */
  async open(row: ConnectedForgeEntity): Promise<Forge | null> {
    const secret = await this.secretOf(row);
    if (secret === null) return null;
    const { kind, url, workspace, githubApp } = row;
    if (githubApp) return reliable(this.openApp(row, githubApp, secret));
    return reliable(new ADAPTERS[kind]({ url, workspace, token: secret, fetchFor: this.fetchFor(row) }));
  }

  /**
   * For git over https, in one repository.
   * @returns null when it was removed meanwhile
   * @throws ForgeError when an App gets no token for it
   */
  async gitLogin(
    row: ConnectedForgeEntity,
    ref: RepositoryRef,
    right: 'read' | 'push',
  ): Promise<{ username: string; password: string } | null> {
    const secret = await this.secretOf(row);
    if (secret === null) return null;
    const { githubApp: app } = row;
    const password = app
      ? await withForgeErrors(row.url, () => this.openApp(row, app, secret).gitToken(ref, right))
      : secret;
    return { username: GIT_USERS[row.kind], password };
  }

  private openApp(row: ConnectedForgeEntity, app: GithubApp, privateKey: string): GithubAppForge {
    return new GithubAppForge({ url: row.url, app, privateKey, fetchFor: this.fetchFor(row) });
  }

  private secretOf({ tenantId, id }: ConnectedForgeEntity): Promise<string | null> {
    return this.secrets.valueOf({ tenantId }, id);
  }

  private fetchFor(row: ConnectedForgeEntity): ForgeConnection['fetchFor'] {
    return (api) => this.fetch.for(api, (status) => this.noticed(row, status));
  }

  async remember(
    { id, tenantId }: ConnectedForgeEntity,
    set: Partial<Pick<ConnectedForgeEntity, 'lastUsedAt' | 'refusedAt' | 'login'>>,
  ): Promise<void> {
    await this.db.run({ tenantId }, (tx) => tx.of(ConnectedForgeEntity).update({ id }, set));
  }

  private async noticed(row: ConnectedForgeEntity, status: number): Promise<void> {
    const now = new Date();
    if (status === REFUSED) {
      row.refusedAt = now;
      return this.remember(row, { refusedAt: now });
    }
    const isKnown = row.refusedAt === null && now.getTime() - (row.lastUsedAt?.getTime() ?? 0) < REMEMBER_MS;
    if (status >= 400 || isKnown) return;
    row.lastUsedAt = now;
    row.refusedAt = null;
    await this.remember(row, { lastUsedAt: now, refusedAt: null });
  }
}
