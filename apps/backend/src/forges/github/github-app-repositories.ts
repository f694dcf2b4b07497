import type { Octokit } from '@octokit/rest';
import type { ForgeRepository, RepositoryRef } from '../port/repositories.js';
import { type Installation, type GithubInstallations } from './github-installations.js';
import { GithubRepositories, toRepository } from './github-repositories.js';

/** Installations that are asked for one search. */
const MAX_INSTALLATIONS = 20;

/** What an App reaches, wherever it is installed. GitHub says of no repository what an App may do in it: its installation does. */
export class GithubAppRepositories extends GithubRepositories {
  constructor(
    octokit: Octokit,
    private readonly installations: GithubInstallations,
  ) {
    super(octokit);
  }

  override async search(query: string, limit: number): Promise<ForgeRepository[]> {
    const { items } = await this.installations.all();
    const active = items.filter((one) => one.suspended_at === null).slice(0, MAX_INSTALLATIONS);
    const words = query.toLowerCase();
    const found = await Promise.all(
      active.map(async (installation) => {
        const all = await this.installations.repositoriesOf(installation);
        const matching = all.filter((one) => one.full_name.toLowerCase().includes(words));
        return matching.map((given) => ({ given, rights: rightsOf(installation) }));
      }),
    );
    return found
      .flat()
      .toSorted((a, b) => pushedAt(b.given) - pushedAt(a.given))
      .slice(0, limit)
      .map(({ given, rights }) => ({ ...toRepository(given), rights }));
  }

  override async get(ref: RepositoryRef): Promise<ForgeRepository> {
    const [repository, installation] = await Promise.all([super.get(ref), this.installations.of(ref)]);
    return { ...repository, rights: rightsOf(installation) };
  }
}

const pushedAt = ({ pushed_at: at }: { pushed_at?: string | null }) => (at ? Date.parse(at) : 0);

const rightsOf = ({ permissions }: Installation) => ({
  pull: permissions.contents !== undefined,
  push: permissions.contents === 'write',
  admin: false,
});
