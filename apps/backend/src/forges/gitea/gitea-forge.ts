import type { ForgeRight } from '@saas-codex/contracts/forges';
import { giteaApi } from 'gitea-js';
import type { Forge, ForgeConnection, ForgeIdentity } from '../port/forge.js';
import { giteaAsker, type GiteaClient } from './gitea-client.js';
import { GiteaPullRequests } from './gitea-pull-requests.js';
import { GiteaRepositories } from './gitea-repositories.js';

/** Gitea, and Forgejo, which has kept this part of the API. */
export class GiteaForge implements Forge {
  readonly kind = 'gitea';
  readonly url: string;
  readonly repositories: GiteaRepositories;
  readonly pullRequests: GiteaPullRequests;
  private readonly client: GiteaClient;
  private readonly ask: ReturnType<typeof giteaAsker>;

  constructor({ url, token, fetchFor }: ForgeConnection) {
    this.url = url;
    this.client = giteaApi(url, { token, customFetch: fetchFor(url) });
    this.ask = giteaAsker(new URL(url).host);
    this.repositories = new GiteaRepositories(this.client, this.ask);
    this.pullRequests = new GiteaPullRequests(this.client, this.ask);
  }

  async identity(): Promise<ForgeIdentity> {
    const user = await this.ask(() => this.client.user.userGetCurrent());
    await this.repositories.search('', 1);
    return { login: user.login ?? '', rights: RIGHTS, expiresAt: null };
  }
}

/** What reading has shown. The forge does not tell what else a token may do. */
const RIGHTS: ForgeRight[] = [
  { right: 'identity', state: 'works', detail: 'The forge takes the token.' },
  { right: 'read_repositories', state: 'works', detail: 'It lists repositories.' },
  untold('push', 'Push branches.', 'repository: Read and Write'),
  untold('pull_requests', 'Open pull requests, with labels.', 'repository” and “issue: Read and Write'),
  untold('checks', 'Read checks and set a status.', 'repository: Read and Write'),
];

function untold(right: ForgeRight['right'], what: string, permission: string): ForgeRight {
  const detail = `${what} The forge does not tell whether the token may: it needs “${permission}”.`;
  return { right, state: 'unknown', detail };
}
