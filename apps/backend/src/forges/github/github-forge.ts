import type { ForgeRight } from '@saas-codex/contracts/forges';
import type { Octokit } from '@octokit/rest';
import type { Forge, ForgeConnection, ForgeIdentity } from '../port/forge.js';
import { githubClient } from './github-client.js';
import { GithubPullRequests } from './github-pull-requests.js';
import { GithubRepositories } from './github-repositories.js';

export class GithubForge implements Forge {
  readonly kind = 'github';
  readonly url: string;
  readonly repositories: GithubRepositories;
  readonly pullRequests: GithubPullRequests;
  private readonly octokit: Octokit;

  constructor(connection: ForgeConnection) {
    this.url = connection.url;
    this.octokit = githubClient(connection, { auth: connection.token });
    this.repositories = new GithubRepositories(this.octokit);
    this.pullRequests = new GithubPullRequests(this.octokit);
  }

  async identity(): Promise<ForgeIdentity> {
    const { data, headers } = await this.octokit.rest.users.getAuthenticated();
    const expires = headers['github-authentication-token-expiration'];
    return {
      login: data.login,
      rights: rightsOf(headers['x-oauth-scopes'], await this.mayRead()),
      expiresAt: typeof expires === 'string' ? dateOf(expires) : null,
    };
  }

  /** Whether it sees any private repository. */
  private async mayRead(): Promise<boolean> {
    const { data } = await this.octokit.rest.repos.listForAuthenticatedUser({
      visibility: 'private',
      per_page: 1,
    });
    return data.length > 0;
  }
}

/** `2026-12-30 10:00:00 UTC`, or with an offset. */
function dateOf(text: string): Date | null {
  const at = new Date(text.replace(' UTC', 'Z').replace(' ', 'T').replace(' ', ''));
  return Number.isNaN(at.getTime()) ? null : at;
}

/**
 * A classic token has scopes. One that is fine-grained, or an App's, has none, and GitHub does not say what it may do.
 * @param scopes `repo, read:org`; undefined: no classic token
 */
function rightsOf(scopes: string | undefined, seesPrivate: boolean): ForgeRight[] {
  const isClassic = scopes !== undefined;
  const given = (scopes ?? '').split(',').map((scope) => scope.trim());
  const has = (...wanted: string[]) => wanted.some((scope) => given.includes(scope));
  const byScope = (
    right: ForgeRight['right'],
    wanted: string[],
    what: string,
    permission: string,
  ): ForgeRight => {
    if (!isClassic)
      return {
        right,
        state: 'unknown',
        detail: `${what} GitHub does not tell what a fine-grained token may do: it needs “${permission}”.`,
      };
    return has(...wanted)
      ? { right, state: 'works', detail: what }
      : { right, state: 'missing', detail: `${what} The token needs the scope ${wanted[0] ?? ''}.` };
  };
  const reading = byScope('read_repositories', ['repo'], 'Open private repositories.', 'Contents: read');
  return [
    { right: 'identity', state: 'works', detail: 'GitHub takes the token.' },
    seesPrivate
      ? { right: 'read_repositories', state: 'works', detail: 'It sees private repositories.' }
      : reading,
    byScope('push', ['repo', 'public_repo'], 'Push branches.', 'Contents: write'),
    byScope('pull_requests', ['repo', 'public_repo'], 'Open pull requests.', 'Pull requests: write'),
    byScope('checks', ['repo', 'repo:status'], 'Read checks and set a status.', 'Commit statuses: write'),
  ];
}
