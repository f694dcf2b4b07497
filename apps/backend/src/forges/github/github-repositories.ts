import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { ForgeError } from '../port/forge-error.js';
import { allPages } from '../port/all-pages.js';
import type {
  ForgeBranch,
  ForgeRepositories,
  ForgeRepository,
  ForgeTag,
  Listed,
  RepositoryRef,
} from '../port/repositories.js';
import { namesOf } from '../port/repository-names.js';

const PAGE = 100;

type FullRepository = RestEndpointMethodTypes['repos']['get']['response']['data'];
type GivenRepository = Pick<
  FullRepository,
  'full_name' | 'clone_url' | 'html_url' | 'description' | 'private' | 'permissions'
> & { default_branch?: string | undefined; archived?: boolean | undefined; size?: number };

export class GithubRepositories implements ForgeRepositories {
  constructor(private readonly octokit: Octokit) {}

  async search(query: string, limit: number): Promise<ForgeRepository[]> {
    const own = await this.latest(query === '' ? limit : PAGE);
    const words = query.toLowerCase();
    const matching = own.filter(({ path }) => path.toLowerCase().includes(words)).slice(0, limit);
    // Those that changed long ago are not among the latest, so GitHub searches.
    if (query === '' || matching.length === limit || own.length < PAGE) return matching;
    const found = await this.found(query, limit);
    const known = new Set(matching.map(({ path }) => path));
    return [...matching, ...found.filter(({ path }) => !known.has(path))].slice(0, limit);
  }

  async get(ref: RepositoryRef): Promise<ForgeRepository> {
    const { data } = await this.octokit.rest.repos.get(namesOf(ref));
    return toRepository(data);
  }

  branches(ref: RepositoryRef): Promise<Listed<ForgeBranch>> {
    return allPages(PAGE, async (page) => {
      const { data } = await this.octokit.rest.repos.listBranches({ ...namesOf(ref), per_page: PAGE, page });
      return data.map(toBranch);
    });
  }

  async branch(ref: RepositoryRef, name: string): Promise<ForgeBranch | null> {
    try {
      const { data } = await this.octokit.rest.repos.getBranch({ ...namesOf(ref), branch: name });
      return toBranch(data);
    } catch (error) {
      if (error instanceof ForgeError && error.reason === 'not_found') return null;
      throw error;
    }
  }

  tags(ref: RepositoryRef): Promise<Listed<ForgeTag>> {
    return allPages(PAGE, async (page) => {
      const { data } = await this.octokit.rest.repos.listTags({ ...namesOf(ref), per_page: PAGE, page });
      return data.map(({ name, commit }) => ({ name, commit: commit.sha }));
    });
  }

  private async latest(count: number): Promise<ForgeRepository[]> {
    const { data } = await this.octokit.rest.repos.listForAuthenticatedUser({
      sort: 'pushed',
      per_page: count,
    });
    return data.map(toRepository);
  }

  /** Among all that the token sees and GitHub has indexed. */
  private async found(query: string, limit: number): Promise<ForgeRepository[]> {
    const { data } = await this.octokit.rest.search.repos({
      q: `${query} in:name fork:true`,
      per_page: limit,
    });
    return data.items.map(toRepository);
  }
}

const toBranch = (given: { name: string; commit: { sha: string }; protected: boolean }): ForgeBranch => ({
  name: given.name,
  commit: given.commit.sha,
  isProtected: given.protected,
});

export const toRepository = (given: GivenRepository): ForgeRepository => ({
  path: given.full_name,
  cloneUrl: given.clone_url,
  webUrl: given.html_url,
  description: given.description,
  isPrivate: given.private,
  isArchived: given.archived ?? false,
  defaultBranch: given.default_branch ?? null,
  rights: {
    pull: given.permissions?.pull ?? null,
    push: given.permissions?.push ?? null,
    admin: given.permissions?.admin ?? null,
  },
});
