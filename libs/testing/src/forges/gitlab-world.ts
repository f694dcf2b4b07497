import { z } from 'zod';

interface GitlabToken {
  login: string;
  /** null: no access token, but one of OAuth. */
  scopes: string[] | null;
  /** A day. */
  expiresAt?: string;
}

export interface GitlabRepository {
  private: boolean;
  empty?: boolean;
  branches: Record<string, { commit: string; protected?: boolean }>;
  tags?: Record<string, string>;
  /** Access level by login, of the project, or of its group where that is larger. Whoever is missing does not see a private one. */
  rights: Record<string, number>;
}

export interface GitlabWorld {
  url: string;
  host: string;
  readonly tokens: Map<string, GitlabToken>;
  /** Id by login, besides those who have tokens. */
  readonly users: Map<string, number>;
  /** By the whole path, such as `acme/tools/app`. The last one has changed last. */
  readonly repositories: Map<string, GitlabRepository>;
  /** Calls that GitLab would have refused, or not have understood. A spec expects it to be empty. */
  readonly wrong: string[];
  /** Every call, such as `GET /user`. */
  readonly calls: string[];
  stop(): Promise<void>;
}

/** What GitLab refuses. */
export class GitlabRefusal {
  constructor(
    readonly status: number,
    readonly body: object,
  ) {}
}

export interface GitlabCall {
  login: string;
  token: GitlabToken;
  /** Those of the path. */
  parts: string[];
  query: Record<string, string>;
  body: unknown;
}

export interface GitlabEndpoint {
  /** GET by default. */
  method?: 'POST' | 'PUT';
  /** Of the path as it is sent: a project's is one part, with %2F. */
  pattern: RegExp;
  /** One of them is needed. None: any token will do. */
  scopes: string[];
  /** Left out: nothing. */
  query?: z.ZodType;
  body?: z.ZodType;
  /** undefined: there is nothing, or not for this login. A text: it is no JSON. */
  answer(world: GitlabWorld, call: GitlabCall): object | string | undefined;
}

export const MAY_READ = ['api', 'read_api'];
export const GITLAB_PAGING = {
  page: z.coerce.number().int().min(1).optional(),
  per_page: z.coerce.number().int().min(1).max(100).optional(),
};

/** undefined: it is not there, or this login does not see it. */
export function repositoryOf(world: GitlabWorld, { login, parts }: GitlabCall): GitlabRepository | undefined {
  const one = world.repositories.get(parts[0] ?? '');
  return one && (!one.private || one.rights[login] !== undefined) ? one : undefined;
}

/** Ids of people that specs name. */
export const idOf = (world: GitlabWorld, login: string): number => world.users.get(login) ?? 0;

export function page<T>(all: T[], query: GitlabCall['query']): T[] {
  const size = Number(query['per_page'] ?? 20);
  const start = (Number(query['page'] ?? 1) - 1) * size;
  return all.slice(start, start + size);
}
