import type { ForgeRight } from '@saas-codex/contracts/forges';
import type { Forge, ForgeConnection, ForgeIdentity } from '../port/forge.js';
import { ForgeError } from '../port/forge-error.js';
import { BitbucketClient, unlessMissing } from './bitbucket-client.js';
import { BitbucketPullRequests } from './bitbucket-pull-requests.js';
import { BitbucketRepositories } from './bitbucket-repositories.js';

/**
 * Bitbucket Cloud, with the access token of a workspace, a project or a repository. The forge does not tell such a token whose it is
 * (`/user` refuses it), nor which workspace it is for: a person says so.
 */
export class BitbucketForge implements Forge {
  readonly kind = 'bitbucket';
  readonly url: string;
  readonly repositories: BitbucketRepositories;
  readonly pullRequests: BitbucketPullRequests;
  private readonly client: BitbucketClient;
  private readonly workspace: string;

  constructor(connection: ForgeConnection) {
    this.url = connection.url;
    this.workspace = connection.workspace ?? '';
    this.client = new BitbucketClient(connection);
    this.repositories = new BitbucketRepositories(this.client, this.workspace);
    this.pullRequests = new BitbucketPullRequests(this.client);
  }

  async identity(): Promise<ForgeIdentity> {
    const asked = this.client.scopes(`/repositories/${this.workspace}`, { pagelen: 1 });
    const found = await unlessMissing(asked.then((scopes) => ({ scopes })));
    if (!found)
      throw new ForgeError(
        'not_found',
        `${this.client.host} has no workspace “${this.workspace}”, or the token is for another one. Remove the connection, and connect it with the right name.`,
      );
    return { login: this.workspace, rights: rightsOf(found.scopes), expiresAt: null };
  }
}

/** @param given scopes; null: the forge did not say */
function rightsOf(given: string[] | null): ForgeRight[] {
  const byScope = (
    right: ForgeRight['right'],
    what: string,
    [scope, ...others]: [string, ...string[]],
    permission: string,
  ): ForgeRight => {
    if (given === null)
      return {
        right,
        state: 'unknown',
        detail: `${what} The forge does not tell whether the token may: it needs “${permission}”.`,
      };
    return [scope, ...others].some((one) => given.includes(one))
      ? { right, state: 'works', detail: what }
      : { right, state: 'missing', detail: `${what} The token needs “${permission}” (${scope}).` };
  };
  const reads = 'Read checks and set a status.';
  return [
    { right: 'identity', state: 'works', detail: 'The forge takes the token.' },
    { right: 'read_repositories', state: 'works', detail: 'It lists the repositories of the workspace.' },
    byScope('push', 'Push branches.', ['repository:write'], 'Repositories: Write'),
    byScope('pull_requests', 'Open pull requests.', ['pullrequest:write'], 'Pull requests: Write'),
    byScope('checks', reads, ['repository', 'repository:write'], 'Repositories: Read'),
  ];
}
