import { startGithub } from '../forges/github.js';
import { type GithubPullRequestState, githubPullRequests } from '../forges/github-pull-requests.js';
import { addGithubRepository } from '../forges/github-repositories.js';
import type { GithubWorld } from '../forges/github-world.js';
import { FORGE_TOKEN, REPOSITORY, ShippedWorld } from './shipped-world.js';

/** A backend, and a GitHub whose repository has the branches that sessions have pushed. */
export class PullRequestsWorld extends ShippedWorld {
  private constructor(
    readonly github: GithubWorld,
    readonly state: GithubPullRequestState,
    branches: Record<string, string>,
  ) {
    const { url, host } = github;
    const setBranch = (name: string, commit: string) => {
      branches[name] = commit;
    };
    super({ kind: 'github', url, host, setBranch, stop: () => github.stop() });
  }

  static async start(): Promise<PullRequestsWorld> {
    const state = githubPullRequests();
    const github = await startGithub({ endpoints: [state.endpoints] });
    github.tokens.set(FORGE_TOKEN, { login: 'octocat', scopes: ['repo'] });
    const { branches } = addGithubRepository(github, REPOSITORY, { rights: { octocat: 'push' } });
    const world = new PullRequestsWorld(github, state, branches);
    await world.begin();
    return world;
  }

  /** What the forge has for it, oldest first. */
  ofBranch(branch: string): GithubPullRequestState['all'][number][] {
    return this.state.all.filter(({ head }) => head === branch);
  }
}
