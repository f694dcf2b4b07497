import type { BranchSchema, ProjectSchema } from '@gitbeaker/core';
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
import { type GitlabClient, PAGE, pageOf } from './gitlab-client.js';

/** GitLab's projects. They may be in groups of groups: `acme/tools/app`. */
export class GitlabRepositories implements ForgeRepositories {
  constructor(private readonly client: GitlabClient) {}

  async search(query: string, limit: number): Promise<ForgeRepository[]> {
    const found = await this.client.projects.all<false, 'offset'>({
      membership: true,
      orderBy: 'last_activity_at',
      sort: 'desc',
      ...pageOf(1, limit),
      // Names of groups count, too.
      ...(query !== '' && { search: query, searchNamespaces: true }),
    });
    return found.map(toRepository);
  }

  async get({ path }: RepositoryRef): Promise<ForgeRepository> {
    return toRepository(await this.client.projects.show(path));
  }

  branches({ path }: RepositoryRef): Promise<Listed<ForgeBranch>> {
    return allPages(PAGE, async (page) => (await this.client.branches.all(path, pageOf(page))).map(toBranch));
  }

  branch({ path }: RepositoryRef, name: string): Promise<ForgeBranch | null> {
    return unlessMissing(this.client.branches.show(path, name).then(toBranch));
  }

  tags({ path }: RepositoryRef): Promise<Listed<ForgeTag>> {
    return allPages(PAGE, async (page) => {
      const tags = await this.client.tags.all(path, pageOf(page));
      return tags.map(({ name, commit }) => ({ name, commit: commit.id }));
    });
  }
}

/** From which on a member may read code, push, and change settings. */
const LEVELS = { reporter: 20, developer: 30, maintainer: 40 };

const toBranch = ({ name, commit, protected: isProtected }: BranchSchema): ForgeBranch => ({
  name,
  commit: commit.id,
  isProtected,
});

function toRepository(given: ProjectSchema): ForgeRepository {
  const { project_access: own, group_access: ofGroup } = rolesOf(given);
  const level = Math.max(own?.access_level ?? 0, ofGroup?.access_level ?? 0);
  // Who has come by a group that was invited has neither.
  const from = (least: number) => (level === 0 ? null : level >= least);
  return {
    path: given.path_with_namespace,
    cloneUrl: given.http_url_to_repo,
    webUrl: given.web_url,
    description: given.description || null,
    isPrivate: given.visibility !== 'public',
    isArchived: given.archived,
    defaultBranch: given.empty_repo ? null : (given.default_branch ?? null),
    rights: {
      pull: given.visibility === 'public' || from(LEVELS.reporter),
      push: from(LEVELS.developer),
      admin: from(LEVELS.maintainer),
    },
  };
}

type Roles = Partial<Record<keyof ProjectSchema['permissions'], { access_level: number } | null>>;

/** The client's types leave out that both may be null. */
const rolesOf = ({ permissions }: { permissions?: Roles }): Roles => permissions ?? {};
