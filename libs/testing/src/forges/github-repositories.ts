import {
  type GithubAnswer,
  type GithubCall,
  type GithubEndpoints,
  type GithubRepositoryState,
  type GithubWorld,
  notFound,
} from './github-world.js';

const COMMIT = '1234567890123456789012345678901234567890';

/** @param name `owner/name` */
export function addGithubRepository(
  world: GithubWorld,
  name: string,
  state: Partial<GithubRepositoryState> = {},
): GithubRepositoryState {
  const repository: GithubRepositoryState = {
    description: null,
    private: true,
    defaultBranch: 'main',
    branches: { main: COMMIT },
    protectedBranches: [],
    tags: {},
    rights: {},
    ...state,
  };
  world.repositories.set(name, repository);
  return repository;
}

/** The repository that a call names; null: there is none, or the token does not see it. */
export function repositoryOf(
  { params, token }: GithubCall,
  world: GithubWorld,
): GithubRepositoryState | null {
  const { owner = '', repo = '' } = params;
  const repository = world.repositories.get(`${owner}/${repo}`);
  const isSeen =
    repository &&
    (token.of
      ? token.of.repositories.includes(`${owner}/${repo}`)
      : !repository.private || repository.rights[token.login] !== undefined);
  return isSeen ? repository : null;
}

/** What GitHub says about repositories and who asks. */
export const githubRepositories: GithubEndpoints = {
  'GET /user': ({ token }, { description }) => ({
    body: { ...description.sample('private-user'), login: token.login },
  }),

  'GET /user/repos': ({ query, token }, world) => {
    const own = [...world.repositories].filter(
      ([, one]) => one.rights[token.login] && (query['visibility'] !== 'private' || one.private),
    );
    return { body: page(query, own).map(([name, one]) => minimal(world, name, one, token.login)) };
  },

  'GET /installation/repositories': ({ query, token }, world) => {
    const own = [...world.repositories].filter(([name]) => token.of?.repositories.includes(name));
    const repositories = page(query, own).map(([name, one]) => ({
      ...minimal(world, name, one, token.login),
      pushed_at: one.pushedAt ?? null,
    }));
    return { body: { total_count: own.length, repositories } };
  },

  'GET /search/repositories': ({ query, token }, world) => {
    const [words = ''] = (query['q'] ?? '').split(' in:name');
    const found = [...world.repositories].filter(
      ([name, one]) => name.includes(words) && (!one.private || one.rights[token.login]),
    );
    const items = page(query, found).map(([name, one]) => ({
      ...world.description.sample('repo-search-result-item'),
      ...fieldsOf(world, name, one, token.login),
      owner: ownerOf(world, name),
    }));
    return { body: { total_count: found.length, incomplete_results: false, items } };
  },

  'GET /repos/{owner}/{repo}': (call, world) =>
    ofRepository(call, world, (one, name) => ({
      body: {
        ...world.description.sample('full-repository'),
        ...fieldsOf(world, name, one, call.token.login),
        owner: ownerOf(world, name),
        default_branch: one.defaultBranch,
      },
    })),

  'GET /repos/{owner}/{repo}/branches': (call, world) =>
    ofRepository(call, world, (one) => ({
      body: page(call.query, Object.entries(one.branches)).map(([name, sha]) => ({
        name,
        commit: { sha, url: `${world.url}/commits/${sha}` },
        protected: one.protectedBranches.includes(name),
      })),
    })),

  'GET /repos/{owner}/{repo}/branches/{branch}': (call, world) =>
    ofRepository(call, world, (one) => {
      const name = call.params['branch'] ?? '';
      const sha = one.branches[name];
      if (sha === undefined) return notFound;
      const sample = world.description.sample('branch-with-protection');
      return {
        body: {
          ...sample,
          name,
          commit: { ...(sample['commit'] as object), sha },
          protected: one.protectedBranches.includes(name),
        },
      };
    }),

  'GET /repos/{owner}/{repo}/tags': (call, world) =>
    ofRepository(call, world, (one) => ({
      body: page(call.query, Object.entries(one.tags)).map(([name, sha]) => ({
        ...world.description.sample('tag'),
        name,
        commit: { sha, url: `${world.url}/commits/${sha}` },
      })),
    })),
};

function ofRepository(
  call: GithubCall,
  world: GithubWorld,
  answer: (repository: GithubRepositoryState, name: string) => GithubAnswer,
): GithubAnswer {
  const repository = repositoryOf(call, world);
  return repository ? answer(repository, `${call.params['owner']}/${call.params['repo']}`) : notFound;
}

const minimal = (world: GithubWorld, name: string, one: GithubRepositoryState, login: string) => ({
  ...world.description.sample('repository'),
  ...fieldsOf(world, name, one, login),
  owner: ownerOf(world, name),
  default_branch: one.defaultBranch,
});

const ownerOf = ({ description }: GithubWorld, name: string) => ({
  ...description.sample('simple-user'),
  login: name.split('/')[0],
});

function fieldsOf({ url }: GithubWorld, name: string, one: GithubRepositoryState, login: string) {
  const right = one.rights[login];
  return {
    name: name.split('/')[1],
    full_name: name,
    private: one.private,
    description: one.description,
    default_branch: one.defaultBranch,
    clone_url: `${url}/${name}.git`,
    html_url: `${url}/${name}`,
    permissions: {
      admin: right === 'admin',
      push: right === 'admin' || right === 'push',
      pull: right !== undefined || !one.private,
      maintain: right === 'admin',
      triage: right === 'admin' || right === 'push',
    },
  };
}

/** Those that a call asks for. */
export function page<T>(query: Record<string, string>, all: T[]): T[] {
  const size = Math.min(Number(query['per_page'] ?? 30), 100);
  const start = (Number(query['page'] ?? 1) - 1) * size;
  return all.slice(start, start + size);
}
