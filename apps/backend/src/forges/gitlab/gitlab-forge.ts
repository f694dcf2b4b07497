import type { ForgeRight } from '@saas-codex/contracts/forges';
import type { Forge, ForgeConnection, ForgeIdentity } from '../port/forge.js';
import { ForgeError } from '../port/forge-error.js';
import { gitlabClient, type GitlabClient } from './gitlab-client.js';
import { GitlabPullRequests } from './gitlab-pull-requests.js';
import { GitlabRepositories } from './gitlab-repositories.js';

/** gitlab.com, or an installation of somebody's own. */
export class GitlabForge implements Forge {
  readonly kind = 'gitlab';
  readonly url: string;
  readonly repositories: GitlabRepositories;
  readonly pullRequests: GitlabPullRequests;
  private readonly client: GitlabClient;

  constructor(connection: ForgeConnection) {
    this.url = connection.url;
    this.client = gitlabClient(connection);
    this.repositories = new GitlabRepositories(this.client);
    this.pullRequests = new GitlabPullRequests(this.client);
  }

  async identity(): Promise<ForgeIdentity> {
    const { username } = await this.client.users.showCurrentUser();
    const { scopes, expiresAt } = await this.token();
    if (scopes === null || scopes.some((scope) => READING.includes(scope)))
      await this.repositories.search('', 1);
    return { login: username, rights: rightsOf(scopes), expiresAt };
  }

  /** Of a token that GitLab calls an access token. Others, such as those of OAuth, it does not describe. */
  private async token(): Promise<{ scopes: string[] | null; expiresAt: Date | null }> {
    try {
      const { scopes, expires_at: day } = await this.client.tokens.show();
      // A fine-grained one has rights that are no scopes.
      const known = scopes?.includes('granular') ? null : (scopes ?? null);
      return { scopes: known, expiresAt: day ? new Date(day) : null };
    } catch (error) {
      if (!(error instanceof ForgeError) || error.isPassing) throw error;
      return { scopes: null, expiresAt: null };
    }
  }
}

const READING = ['api', 'read_api'];

/** @param scopes null: GitLab does not tell */
function rightsOf(scopes: string[] | null): ForgeRight[] {
  const byScope = (right: ForgeRight['right'], what: string, wanted: string[]): ForgeRight => {
    const needs = `needs the scope ${wanted.at(-1) ?? ''}`;
    if (scopes === null)
      return {
        right,
        state: 'unknown',
        detail: `${what} GitLab does not tell whether the token may: it ${needs}.`,
      };
    return wanted.some((scope) => scopes.includes(scope))
      ? { right, state: 'works', detail: what }
      : { right, state: 'missing', detail: `${what} The token ${needs}.` };
  };
  return [
    { right: 'identity', state: 'works', detail: 'GitLab takes the token.' },
    byScope('read_repositories', 'Find repositories.', ['read_api', 'api']),
    byScope('push', 'Push branches.', ['write_repository', 'api']),
    byScope('pull_requests', 'Open merge requests, with labels and reviewers.', ['api']),
    byScope('checks', 'Read checks and set a status.', ['api']),
  ];
}
