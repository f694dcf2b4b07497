import type { Octokit } from '@octokit/rest';
import type { Forge, ForgeIdentity } from '../port/forge.js';
import type { RepositoryRef } from '../port/repositories.js';
import { GithubAppRepositories } from './github-app-repositories.js';
import { appRights } from './github-app-rights.js';
import { githubClient } from './github-client.js';
import { type AppConnection, GithubInstallations } from './github-installations.js';
import { GIT_PERMISSIONS, permissionsOfCall } from './github-permissions.js';
import { GithubPullRequests } from './github-pull-requests.js';

/** GitHub as an App sees it. Each call has a token of its own: for its repository only, and with the permissions that it needs. */
export class GithubAppForge implements Forge {
  readonly kind = 'github';
  readonly url: string;
  readonly repositories: GithubAppRepositories;
  readonly pullRequests: GithubPullRequests;
  private readonly installations: GithubInstallations;

  constructor(connection: AppConnection) {
    this.url = connection.url;
    this.installations = new GithubInstallations(connection);
    const octokit = withTokens(githubClient(connection), this.installations);
    this.repositories = new GithubAppRepositories(octokit, this.installations);
    this.pullRequests = new GithubPullRequests(octokit);
  }

  async identity(): Promise<ForgeIdentity> {
    const { app } = this.installations;
    const { items } = await this.installations.all();
    return { login: `${app.slug}[bot]`, rights: appRights(app, items), expiresAt: null };
  }

  /** For git over https. @throws ForgeError with what the owner of the repository has to do */
  gitToken(ref: RepositoryRef, right: 'read' | 'push'): Promise<string> {
    return this.installations.tokenFor(ref, GIT_PERMISSIONS[right]);
  }
}

/** Adds a token to each call before it is sent. @returns the client */
function withTokens(octokit: Octokit, installations: GithubInstallations): Octokit {
  octokit.hook.before('request', async (options) => {
    const permissions = permissionsOfCall(options.method, options.url);
    const { owner, repo } = options as { owner?: unknown; repo?: unknown };
    const token = await installations.tokenFor({ path: `${String(owner)}/${String(repo)}` }, permissions);
    options.headers.authorization = `token ${token}`;
  });
  return octokit;
}
