import type {
  BranchSchema,
  PersonalAccessTokenSchema,
  ProjectSchema,
  TagSchema,
  UserSchema,
} from '@gitbeaker/core';
import { z } from 'zod';
import {
  GITLAB_PAGING,
  type GitlabCall,
  type GitlabEndpoint,
  GitlabRefusal,
  type GitlabRepository,
  type GitlabWorld,
  MAY_READ,
  page,
  repositoryOf,
} from './gitlab-world.js';

const bool = z.enum(['true', 'false']);
const paged = z.strictObject(GITLAB_PAGING);
const PROJECT = '/projects/([^/]+)';
const below = (what: string) => new RegExp(`^${PROJECT}/${what}$`);

/** Who a token belongs to, and what it sees. */
export const GITLAB_READING: GitlabEndpoint[] = [
  {
    pattern: /^\/user$/,
    scopes: [...MAY_READ, 'read_user'],
    answer: (_, { login }) => ({ id: 1, username: login }) satisfies Partial<UserSchema>,
  },
  {
    pattern: /^\/personal_access_tokens\/self$/,
    scopes: [],
    answer: (_, { token: { scopes, expiresAt } }) =>
      scopes === null
        ? new GitlabRefusal(400, {
            message: '400 Bad request - This endpoint requires token type to be a personal access token',
          })
        : ({
            id: 1,
            name: 'codex',
            scopes,
            active: true,
            ...(expiresAt && { expires_at: expiresAt }),
          } satisfies Partial<PersonalAccessTokenSchema>),
  },
  {
    pattern: /^\/users$/,
    scopes: [...MAY_READ, 'read_user'],
    query: z.strictObject({ username: z.string().min(1), ...GITLAB_PAGING }),
    answer: ({ users }, { query }) => {
      const id = users.get(query['username'] ?? '');
      return id === undefined ? [] : [{ id, username: query['username'] }];
    },
  },
  {
    pattern: /^\/projects$/,
    scopes: MAY_READ,
    query: z.strictObject({
      membership: bool,
      search: z.string().optional(),
      search_namespaces: bool.optional(),
      order_by: z.enum(['id', 'name', 'path', 'created_at', 'updated_at', 'last_activity_at', 'similarity']),
      sort: z.enum(['asc', 'desc']),
      ...GITLAB_PAGING,
    }),
    answer: (world, { login, query }) => {
      const words = query['search'] ?? '';
      const inGroups = query['search_namespaces'] === 'true';
      const found = [...world.repositories].filter(
        ([path, { rights }]) =>
          rights[login] !== undefined && (inGroups ? path : (path.split('/').at(-1) ?? '')).includes(words),
      );
      return page(found.toReversed(), query).map(([path, one]) => toProject(world, path, one, login));
    },
  },
  {
    pattern: new RegExp(`^${PROJECT}$`),
    scopes: MAY_READ,
    answer: onProject((one, { login, parts: [path = ''] }, world) => toProject(world, path, one, login)),
  },
  {
    pattern: below('repository/branches'),
    scopes: MAY_READ,
    query: paged,
    answer: onProject(({ branches }, { query }) =>
      page(Object.entries(branches), query).map(([name, branch]) => toBranch(name, branch)),
    ),
  },
  {
    pattern: below('repository/branches/([^/]+)'),
    scopes: MAY_READ,
    answer: onProject(({ branches }, { parts: [, name = ''] }) => {
      const branch = branches[name];
      return branch && toBranch(name, branch);
    }),
  },
  {
    pattern: below('repository/tags'),
    scopes: MAY_READ,
    query: paged,
    answer: onProject(({ tags = {} }, { query }) =>
      page(Object.entries(tags), query).map(
        ([name, id]) =>
          ({ name, target: id, commit: { id } }) satisfies Pick<TagSchema, 'name' | 'target'> & {
            commit: Pick<TagSchema['commit'], 'id'>;
          },
      ),
    ),
  },
];

/** An endpoint of a project that this login sees. */
function onProject(
  answer: (one: GitlabRepository, call: GitlabCall, world: GitlabWorld) => object | undefined,
): GitlabEndpoint['answer'] {
  return (world, call) => {
    const one = repositoryOf(world, call);
    return one && answer(one, call, world);
  };
}

const toBranch = (
  name: string,
  { commit, protected: isProtected = false }: GitlabRepository['branches'][string],
) =>
  ({ name, commit: { id: commit }, protected: isProtected }) satisfies Pick<
    BranchSchema,
    'name' | 'protected'
  > & {
    commit: Pick<BranchSchema['commit'], 'id'>;
  };

/** The larger right is the group's. */
function toProject({ url }: GitlabWorld, path: string, one: GitlabRepository, login: string) {
  const level = one.rights[login];
  return {
    id: 1,
    path_with_namespace: path,
    description: null,
    visibility: one.private ? 'private' : 'public',
    archived: false,
    empty_repo: one.empty ?? false,
    ...(!one.empty && { default_branch: 'main' }),
    http_url_to_repo: `${url}/${path}.git`,
    web_url: `${url}/${path}`,
    permissions: {
      project_access: null,
      group_access: level === undefined ? null : { access_level: level, notification_level: 3 },
    },
  } satisfies Partial<Omit<ProjectSchema, 'permissions'>>;
}
