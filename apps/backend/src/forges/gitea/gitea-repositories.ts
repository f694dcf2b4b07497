import type { Branch, Repository } from 'gitea-js';
import { allPages } from '../port/all-pages.js';
import { unlessMissing } from '../port/forge-error.js';
import type {
  ForgeBranch,
  ForgeRepositories,
  ForgeRepository,
  ForgeTag,
  Listed,
  RepositoryRef,
} from '../port/repositories.js';
import { type giteaAsker, type GiteaClient, inPath } from './gitea-client.js';

/** What every installation allows. */
const PAGE = 50;

export class GiteaRepositories implements ForgeRepositories {
  constructor(
    private readonly client: GiteaClient,
    private readonly ask: ReturnType<typeof giteaAsker>,
  ) {}

  async search(query: string, limit: number): Promise<ForgeRepository[]> {
    const { id: uid } = await this.ask(() => this.client.user.userGetCurrent());
    const order = { sort: 'updated', order: 'desc', limit };
    const own = await this.found({ q: query, ...order, ...(uid !== undefined && { uid }) });
    if (query === '' || own.length >= limit) return own;
    const others = await this.found({ q: query, ...order });
    const known = new Set(own.map(({ path }) => path));
    return [...own, ...others.filter(({ path }) => !known.has(path))].slice(0, limit);
  }

  async get(ref: RepositoryRef): Promise<ForgeRepository> {
    const { owner, repo } = inPath(ref);
    return toRepository(await this.ask(() => this.client.repos.repoGet(owner, repo)));
  }

  branches(ref: RepositoryRef): Promise<Listed<ForgeBranch>> {
    const { owner, repo } = inPath(ref);
    return allPages(PAGE, async (page) => {
      const paging = { page, limit: PAGE };
      const branches = await this.ask(() => this.client.repos.repoListBranches(owner, repo, paging));
      return branches.map(toBranch);
    });
  }

  async branch(ref: RepositoryRef, name: string): Promise<ForgeBranch | null> {
    const { owner, repo } = inPath(ref);
    const branch = name.split('/').map(encodeURIComponent).join('/');
    const found = this.ask(() => this.client.repos.repoGetBranch(owner, repo, branch)).then(toBranch);
    return unlessMissing(found);
  }

  tags(ref: RepositoryRef): Promise<Listed<ForgeTag>> {
    const { owner, repo } = inPath(ref);
    return allPages(PAGE, async (page) => {
      const tags = await this.ask(() => this.client.repos.repoListTags(owner, repo, { page, limit: PAGE }));
      return tags.map(({ name = '', commit }) => ({ name, commit: commit?.sha ?? '' }));
    });
  }

  private async found(query: Parameters<GiteaClient['repos']['repoSearch']>[0]): Promise<ForgeRepository[]> {
    const { data = [] } = await this.ask(() => this.client.repos.repoSearch(query));
    return data.map(toRepository);
  }
}

const toBranch = ({ name = '', commit, protected: isProtected }: Branch): ForgeBranch => ({
  name,
  commit: commit?.id ?? '',
  isProtected: isProtected ?? false,
});

const toRepository = (given: Repository): ForgeRepository => ({
  path: given.full_name ?? '',
  cloneUrl: given.clone_url ?? '',
  webUrl: given.html_url ?? '',
  description: given.description || null,
  isPrivate: given.private ?? true,
  isArchived: given.archived ?? false,
  defaultBranch: given.empty ? null : (given.default_branch ?? null),
  rights: {
    pull: given.permissions?.pull ?? null,
    push: given.permissions?.push ?? null,
    admin: given.permissions?.admin ?? null,
  },
});
