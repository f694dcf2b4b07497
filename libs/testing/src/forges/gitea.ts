import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Branch, Repository, SearchResults, Tag, User } from 'gitea-js';

interface GiteaToken {
  login: string;
  /** Such as `read:user`. A token that lacks one is told so. */
  scopes: string[];
}

interface GiteaRepository {
  private: boolean;
  empty?: boolean;
  branches: Record<string, { commit: string; protected?: boolean }>;
  tags?: Record<string, string>;
  /** By login. Whoever is missing does not see a private one. */
  rights: Record<string, 'read' | 'write'>;
}

export interface GiteaWorld {
  url: string;
  host: string;
  readonly tokens: Map<string, GiteaToken>;
  /** By `owner/name`. */
  readonly repositories: Map<string, GiteaRepository>;
  /** Calls that Gitea would have refused. A spec expects it to be empty. */
  readonly wrong: string[];
  stop(): Promise<void>;
}

/** What Gitea refuses. */
export class GiteaRefusal {
  constructor(
    readonly status: number,
    readonly message: string,
  ) {}
}

export interface GiteaCall {
  login: string;
  /** Those of the path. */
  parts: string[];
  query: URLSearchParams;
  body: unknown;
}

export interface GiteaEndpoint {
  /** GET by default. */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  pattern: RegExp;
  scope: string;
  query?: readonly string[];
  /** undefined: there is nothing, or not for this login. */
  answer(world: GiteaWorld, call: GiteaCall): object | undefined;
}

const API = '/api/v1';
const ID = 7;
export const GITEA_PAGING = ['page', 'limit'];

/** With the paths and parameters of Gitea's description of 1.23, from which gitea-js and the types of the answers are made. */
const READING: GiteaEndpoint[] = [
  {
    pattern: /^\/user$/,
    scope: 'read:user',
    answer: (_, { login }): User => ({ id: ID, login }),
  },
  {
    pattern: /^\/repos\/search$/,
    scope: 'read:repository',
    query: ['q', 'uid', 'sort', 'order', ...GITEA_PAGING],
    answer: (world, { login, query }): SearchResults => {
      const found = [...world.repositories].filter(
        ([name, one]) =>
          name.includes(query.get('q') ?? '') && (query.has('uid') ? one.rights[login] : isSeen(one, login)),
      );
      const shown = page(found, query).map(([name, one]) => toRepository(world, name, one, login));
      return { ok: true, data: shown };
    },
  },
  {
    pattern: /^\/repos\/([^/]+)\/([^/]+)$/,
    scope: 'read:repository',
    answer: (world, { login, parts }) => {
      const one = repositoryOf(world, login, parts);
      return one && toRepository(world, nameOf(parts), one, login);
    },
  },
  {
    pattern: /^\/repos\/([^/]+)\/([^/]+)\/branches$/,
    scope: 'read:repository',
    query: GITEA_PAGING,
    answer: (world, { login, parts, query }) => {
      const one = repositoryOf(world, login, parts);
      return one && page(Object.entries(one.branches), query).map(([name, branch]) => toBranch(name, branch));
    },
  },
  {
    pattern: /^\/repos\/([^/]+)\/([^/]+)\/branches\/(.+)$/,
    scope: 'read:repository',
    answer: (world, { login, parts }) => {
      const name = parts[2] ?? '';
      const branch = repositoryOf(world, login, parts)?.branches[name];
      return branch && toBranch(name, branch);
    },
  },
  {
    pattern: /^\/repos\/([^/]+)\/([^/]+)\/tags$/,
    scope: 'read:repository',
    query: GITEA_PAGING,
    answer: (world, { login, parts, query }) => {
      const one = repositoryOf(world, login, parts);
      return (
        one &&
        page(Object.entries(one.tags ?? {}), query).map(([name, sha]): Tag => ({ name, commit: { sha } }))
      );
    },
  },
];

/** A stand-in for Gitea on loopback: the part of its API that is used here. @param endpoints besides those for reading */
export async function startGitea(endpoints: readonly GiteaEndpoint[] = []): Promise<GiteaWorld> {
  const all = [...READING, ...endpoints];
  const server = createServer((req, res) => void handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world: GiteaWorld = {
    url: `http://${host}`,
    host,
    tokens: new Map(),
    repositories: new Map(),
    wrong: [],
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(req.url ?? '', world.url);
    const path = pathname.slice(API.length);
    const endpoint = all.find(({ method = 'GET', pattern }) => method === req.method && pattern.test(path));
    const unknown = [...searchParams.keys()].filter((name) => !endpoint?.query?.includes(name));
    if (!pathname.startsWith(API) || !endpoint || unknown.length > 0) {
      world.wrong.push(`${req.method} ${req.url}`);
      return send(res, 404, { message: 'not found' });
    }
    const token = world.tokens.get(/^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '');
    if (!token) return send(res, 401, { message: 'invalid username, password or token' });
    if (!token.scopes.includes(endpoint.scope)) {
      const message = `token does not have at least one of required scope(s): [${endpoint.scope}]`;
      return send(res, 403, { message });
    }
    const parts = (endpoint.pattern.exec(path) ?? []).slice(1).map(decodeURIComponent);
    const sent = await text(req);
    const call = {
      login: token.login,
      parts,
      query: searchParams,
      body: sent === '' ? null : JSON.parse(sent),
    };
    const body = endpoint.answer(world, call);
    if (body === undefined) return send(res, 404, { message: "The target couldn't be found." });
    if (body instanceof GiteaRefusal) return send(res, body.status, { message: body.message });
    send(res, req.method === 'POST' ? 201 : 200, body);
  }
  return world;
}

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json;charset=utf-8' }).end(JSON.stringify(body));
}

export const nameOf = ([owner, repo]: string[]) => `${owner}/${repo}`;
const isSeen = (one: GiteaRepository, login: string) => !one.private || one.rights[login] !== undefined;

/** undefined: it is not there, or this login does not see it. */
export function repositoryOf(world: GiteaWorld, login: string, parts: string[]): GiteaRepository | undefined {
  const one = world.repositories.get(nameOf(parts));
  return one && isSeen(one, login) ? one : undefined;
}

const toRepository = (
  { url }: GiteaWorld,
  name: string,
  one: GiteaRepository,
  login: string,
): Repository => ({
  id: 1,
  full_name: name,
  description: '',
  private: one.private,
  empty: one.empty ?? false,
  default_branch: 'main',
  clone_url: `${url}/${name}.git`,
  html_url: `${url}/${name}`,
  permissions: { admin: false, push: one.rights[login] === 'write', pull: true },
});

const toBranch = (
  name: string,
  { commit, protected: isProtected = false }: GiteaRepository['branches'][string],
) => ({ name, commit: { id: commit }, protected: isProtected }) satisfies Branch;

export function page<T>(all: T[], query: URLSearchParams): T[] {
  const size = Math.min(Number(query.get('limit') ?? 30), 50);
  const start = (Number(query.get('page') ?? 1) - 1) * size;
  return all.slice(start, start + size);
}
