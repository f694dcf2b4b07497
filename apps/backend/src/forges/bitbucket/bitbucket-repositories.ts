import type {
  ForgeBranch,
  ForgeRepositories,
  ForgeRepository,
  ForgeTag,
  Listed,
  RepositoryRef,
} from '../port/repositories.js';
import { RefAnswer, RepositoryAnswer } from './bitbucket-answers.js';
import { type BitbucketClient, pathOf, quoted, unlessMissing } from './bitbucket-client.js';

const PAGE = 100;

/** Of one workspace: Bitbucket has no list beyond one. */
export class BitbucketRepositories implements ForgeRepositories {
  constructor(
    private readonly client: BitbucketClient,
    private readonly workspace: string,
  ) {}

  async search(query: string, limit: number): Promise<ForgeRepository[]> {
    const own = await this.latest({ pagelen: query === '' ? limit : PAGE });
    const words = query.toLowerCase();
    const matching = own.filter(({ path }) => path.toLowerCase().includes(words)).slice(0, limit);
    // Those that changed long ago are not among the latest, so Bitbucket searches. It knows names, which paths are made from.
    if (query === '' || matching.length === limit || own.length < PAGE) return matching;
    const name = query.slice(query.lastIndexOf('/') + 1);
    const found = await this.latest({ pagelen: limit, q: `name ~ ${quoted(name)}` });
    const known = new Set(matching.map(({ path }) => path));
    return [...matching, ...found.filter(({ path }) => !known.has(path))].slice(0, limit);
  }

  async get(ref: RepositoryRef): Promise<ForgeRepository> {
    return toRepository(await this.client.get(RepositoryAnswer, pathOf(ref)));
  }

  async branches(ref: RepositoryRef): Promise<Listed<ForgeBranch>> {
    const path = `${pathOf(ref)}/refs/branches`;
    const { items, isComplete } = await this.client.all(RefAnswer, path, { pagelen: PAGE });
    return { items: items.map(toBranch), isComplete };
  }

  async branch(ref: RepositoryRef, name: string): Promise<ForgeBranch | null> {
    const path = `${pathOf(ref)}/refs/branches/${encodeURIComponent(name)}`;
    const found = this.client.get(RefAnswer, path);
    return unlessMissing(found.then(toBranch));
  }

  async tags(ref: RepositoryRef): Promise<Listed<ForgeTag>> {
    const path = `${pathOf(ref)}/refs/tags`;
    const { items, isComplete } = await this.client.all(RefAnswer, path, { pagelen: PAGE });
    return { items: items.map(({ name, target }) => ({ name, commit: target.hash })), isComplete };
  }

  private async latest(query: { pagelen: number; q?: string }): Promise<ForgeRepository[]> {
    const path = `/repositories/${this.workspace}`;
    const found = await this.client.first(RepositoryAnswer, path, { ...query, sort: '-updated_on' });
    return found.map(toRepository);
  }
}

/** Which branches are protected, only a token that may administer the repository is told. */
const toBranch = ({ name, target }: RefAnswer): ForgeBranch => ({
  name,
  commit: target.hash,
  isProtected: false,
});

const toRepository = (given: RepositoryAnswer): ForgeRepository => ({
  path: given.full_name,
  cloneUrl: cloneUrlOf(given),
  webUrl: given.links.html.href,
  description: given.description || null,
  isPrivate: given.is_private,
  isArchived: false,
  defaultBranch: given.mainbranch?.name ?? null,
  rights: { pull: true, push: null, admin: null },
});

/** Bitbucket writes a user name into it. */
function cloneUrlOf({ links }: RepositoryAnswer): string {
  const https = links.clone.find(({ name }) => name === 'https')?.href ?? `${links.html.href}.git`;
  const url = new URL(https);
  url.username = '';
  return url.href;
}
