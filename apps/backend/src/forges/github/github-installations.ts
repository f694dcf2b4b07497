import { createAppAuth } from '@octokit/auth-app';
import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { allPages } from '../port/all-pages.js';
import type { ForgeConnection } from '../port/forge.js';
import { FORGES_PAGE, ForgeError, type ForgeFailure } from '../port/forge-error.js';
import type { Listed, RepositoryRef } from '../port/repositories.js';
import { namesOf } from '../port/repository-names.js';
import { type GithubApp, installUrlOf } from './github-app.js';
import { githubClient } from './github-client.js';
import { type GithubPermissions, LIST_PERMISSIONS, missingPermissions } from './github-permissions.js';

const PAGE = 100;

type ListedInstallation = RestEndpointMethodTypes['apps']['listInstallations']['response']['data'][number];
export type Installation = Pick<
  ListedInstallation,
  'id' | 'html_url' | 'permissions' | 'repository_selection' | 'suspended_at'
> & { account: { login?: string; slug?: string } | null };
type ListedRepository =
  RestEndpointMethodTypes['apps']['listReposAccessibleToInstallation']['response']['data']['repositories'][number];

/** An App that GitHub knows, with its key. */
export type AppConnection = Pick<ForgeConnection, 'url' | 'fetchFor'> & {
  app: GithubApp;
  /** PEM. */
  privateKey: string;
};

/**
 * Where an App is installed, and tokens for that:
 *
 *     repository ─► its installation ─► suspended? permissions? ─► token for this repository and these permissions, 1 h
 *
 * The App signs its own calls with a JWT of ten minutes. Tokens are kept for one job, in memory: an object of this class is made for each.
 */
export class GithubInstallations {
  private readonly host: string;
  private readonly asApp: Octokit;
  private readonly asNobody: Octokit;
  private readonly found = new Map<string, Promise<Installation>>();
  private readonly tokens = new Map<string, Promise<string>>();

  constructor(private readonly connection: AppConnection) {
    const { app, privateKey, url } = connection;
    this.host = new URL(url).host;
    this.asNobody = githubClient(connection);
    // Only for its JWT: tokens for installations that are asked for at once it shares by the installation's number alone, which two
    // Enterprise Servers may have in common.
    const auth = { appId: app.id, privateKey };
    this.asApp = githubClient(connection, { authStrategy: createAppAuth, auth });
  }

  get app(): GithubApp {
    return this.connection.app;
  }

  /** Everywhere that it is installed. @throws ForgeError */
  async all(): Promise<Listed<Installation>> {
    const all = allPages(PAGE, async (page) => {
      const { data } = await this.asApp.rest.apps.listInstallations({ per_page: PAGE, page });
      return data;
    });
    // An App that was deleted is not found.
    return this.known(all, ['token_refused', 'not_found']);
  }

  /** @throws ForgeError with what its owner has to do */
  of(ref: RepositoryRef): Promise<Installation> {
    return once(this.found, ref.path, () => this.find(ref));
  }

  /** @throws ForgeError with what its owner has to do */
  tokenFor(ref: RepositoryRef, permissions: GithubPermissions): Promise<string> {
    return once(this.tokens, `${ref.path} ${JSON.stringify(permissions)}`, async () => {
      const installation = await this.of(ref);
      const missing = missingPermissions(permissions, installation.permissions);
      if (missing.length > 0) throw this.lacks(installation, missing);
      return this.mint(installation, permissions, [namesOf(ref).repo]);
    });
  }

  /** What an installation reaches, in no order. */
  async repositoriesOf(installation: Installation): Promise<ListedRepository[]> {
    const token = await this.mint(installation, LIST_PERMISSIONS);
    const headers = { authorization: `token ${token}` };
    const { items } = await allPages(PAGE, async (page) => {
      const { data } = await this.asNobody.rest.apps.listReposAccessibleToInstallation({
        headers,
        per_page: PAGE,
        page,
      });
      return data.repositories;
    });
    return items;
  }

  private async find(ref: RepositoryRef): Promise<Installation> {
    const names = namesOf(ref);
    try {
      const { data } = await this.known(this.asApp.rest.apps.getRepoInstallation(names));
      if (data.suspended_at === null) return data;
      const lift = `An owner of ${names.owner} can lift that at ${data.html_url}`;
      throw new ForgeError('forbidden', `${this.title} is suspended for ${names.owner}. ${lift}.`);
    } catch (error) {
      if (!(error instanceof ForgeError) || error.reason !== 'not_found') throw error;
      const install = `An owner of ${names.owner} can add it at ${installUrlOf(this.app)}`;
      throw new ForgeError(
        'forbidden',
        `${this.title} is not installed for ${ref.path}, or there is no such repository. ${install}.`,
      );
    }
  }

  private async mint(
    { id }: Installation,
    permissions: GithubPermissions,
    repositories?: string[],
  ): Promise<string> {
    const { data } = await this.known(
      this.asApp.rest.apps.createInstallationAccessToken({
        installation_id: id,
        permissions,
        ...(repositories && { repositories }),
      }),
    );
    return data.token;
  }

  private lacks(installation: Installation, missing: string[]): ForgeError {
    const list = missing.map((one) => `“${one}”`).join(' and ');
    return new ForgeError(
      'forbidden',
      `${this.title} lacks ${list} for ${accountOf(installation)}. Give it that in its settings at ${this.host}; an owner of ${accountOf(installation)} then accepts it at ${installation.html_url}.`,
    );
  }

  private get title(): string {
    return `The GitHub App ${this.app.name}`;
  }

  /** What it means that GitHub does not take the App's own signature. */
  private async known<T>(call: Promise<T>, reasons: ForgeFailure[] = ['token_refused']): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof ForgeError) || !reasons.includes(error.reason)) throw error;
      throw new ForgeError(
        'token_refused',
        `${this.host} does not take the key of ${this.title.replace('The', 'the')} any more: it was deleted there, or its key was removed. Remove it under ${FORGES_PAGE}, then create another one.`,
      );
    }
  }
}

export const accountOf = ({ account }: Installation): string =>
  account?.login ?? account?.slug ?? 'an account that is gone';

/** The work of a key is done once, by whoever asks first, and not kept when it fails. */
function once<T>(kept: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const there = kept.get(key);
  if (there) return there;
  const started = work();
  kept.set(key, started);
  started.catch(() => kept.delete(key));
  return started;
}
