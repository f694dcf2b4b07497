import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Schema } from 'bitbucket';
import type { z } from 'zod';
import { describedCall } from './bitbucket-description.js';

/** An access token. */
interface BitbucketToken {
  workspace: string;
  /** Such as `repository:write`. A call that lacks one is told so. */
  scopes: string[];
}

interface BitbucketRepository {
  name: string;
  private: boolean;
  /** Name to commit. Without any, there is no main branch. */
  branches: Record<string, string>;
  tags?: Record<string, string>;
  updatedAt?: string;
}

export interface BitbucketWorld {
  url: string;
  host: string;
  readonly tokens: Map<string, BitbucketToken>;
  /** By `workspace/slug`. */
  readonly repositories: Map<string, BitbucketRepository>;
  /** Calls that Bitbucket would have refused. A spec expects it to be empty. */
  readonly wrong: string[];
  /** Of each call that was answered, such as `GET /repositories/acme`. */
  readonly calls: string[];
  stop(): Promise<void>;
}

/** What Bitbucket refuses. */
export class BitbucketRefusal {
  constructor(
    readonly status: number,
    readonly message: string,
  ) {}
}

export interface BitbucketCall {
  world: BitbucketWorld;
  /** `workspace/slug`; only the first of them where the path has no second. */
  repository: string;
  params: Record<string, string>;
  query: URLSearchParams;
  body: unknown;
}

interface BitbucketEndpoint {
  scope: string;
  /** The most that a list gives at once. Left out: it is no list. */
  maxPage?: number;
  /** What may be sent, by name and type. */
  body?: z.ZodType;
  /** A list is all of it. undefined: there is nothing, or not for this token. */
  answer(call: BitbucketCall): object | undefined;
}

/** By operation of the description. */
export type BitbucketEndpoints = Record<string, BitbucketEndpoint>;

const API = '/2.0';
const DEFAULT_PAGE = 10;
/** By the scope that is asked for: others that have it in them. */
const IMPLIED: Record<string, string[]> = {
  repository: ['repository:write'],
  pullrequest: ['pullrequest:write'],
};

export const AT_REPOSITORY = '/repositories/{workspace}/{repo_slug}';

const READING: BitbucketEndpoints = {
  'GET /repositories/{workspace}': {
    scope: 'repository',
    maxPage: 100,
    answer: ({ world, repository, query }) => {
      const [, word = ''] = /^name ~ "([^"]*)"$/.exec(query.get('q') ?? 'name ~ ""') ?? [];
      return [...world.repositories]
        .filter(([path, { name }]) => path.startsWith(`${repository}/`) && name.toLowerCase().includes(word))
        .toSorted(([, a], [, b]) => (b.updatedAt ?? '').localeCompare(a.updatedAt ?? ''))
        .map(([path, one]) => toRepository(world, path, one));
    },
  },
  [`GET ${AT_REPOSITORY}`]: {
    scope: 'repository',
    answer: ({ world, repository }) => {
      const one = world.repositories.get(repository);
      return one && toRepository(world, repository, one);
    },
  },
  [`GET ${AT_REPOSITORY}/refs/branches`]: {
    scope: 'repository',
    maxPage: 100,
    answer: ({ world, repository }) => toRefs(world.repositories.get(repository)?.branches),
  },
  [`GET ${AT_REPOSITORY}/refs/branches/{name}`]: {
    scope: 'repository',
    answer: ({ world, repository, params: { name = '' } }) => {
      const hash = world.repositories.get(repository)?.branches[name];
      return hash === undefined ? undefined : toRef(name, hash);
    },
  },
  [`GET ${AT_REPOSITORY}/refs/tags`]: {
    scope: 'repository',
    maxPage: 100,
    answer: ({ world, repository }) => toRefs(world.repositories.get(repository)?.tags),
  },
  [`GET ${AT_REPOSITORY}/commit/{commit}`]: {
    scope: 'repository',
    answer: ({ world, repository, params: { commit = '' } }): Schema.Commit | undefined => {
      const commits = Object.values(world.repositories.get(repository)?.branches ?? {});
      const hash = commits.find((one) => one.startsWith(commit));
      return hash === undefined ? undefined : { type: 'commit', hash };
    },
  },
};

/**
 * A stand-in for Bitbucket Cloud on loopback: the part of its API that is used here, with an access token. It knows the paths and
 * parameters of the published description. @param endpoints besides those for reading
 */
export async function startBitbucket(endpoints: BitbucketEndpoints = {}): Promise<BitbucketWorld> {
  const all: BitbucketEndpoints = { ...READING, ...endpoints };
  const server = createServer((req, res) => void handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world: BitbucketWorld = {
    url: `http://${host}`,
    host,
    tokens: new Map(),
    repositories: new Map(),
    wrong: [],
    calls: [],
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(req.url ?? '', world.url);
    const sent = await text(req);
    const refuseCall = (why: string) => {
      world.wrong.push(`${req.method} ${req.url}: ${why}`);
      send(res, 400, refusal(why));
    };
    if (!pathname.startsWith(API)) return refuseCall('not in the API');
    const path = pathname.slice(API.length);
    const call = describedCall(req.method ?? '', path, searchParams);
    if (typeof call === 'string') return refuseCall(call);
    const endpoint = all[call.operation];
    if (!endpoint) return refuseCall('not open to access tokens, or not known here');
    const pagelen = Number(searchParams.get('pagelen') ?? DEFAULT_PAGE);
    if (endpoint.maxPage !== undefined && pagelen > endpoint.maxPage) return refuseCall('Invalid pagelen');
    const body: unknown = sent === '' ? undefined : JSON.parse(sent);
    if (endpoint.body ? !endpoint.body.safeParse(body).success : body !== undefined)
      return refuseCall(`not what may be sent: ${sent}`);

    const token = world.tokens.get(/^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '');
    if (!token)
      return send(res, 401, refusal('Token is invalid, expired, or not supported for this endpoint.'));
    const headers = { 'x-oauth-scopes': token.scopes.join(', ') };
    const { scope } = endpoint;
    if (![scope, ...(IMPLIED[scope] ?? [])].some((one) => token.scopes.includes(one))) {
      const detail = { granted: token.scopes, required: [scope] };
      const lacks = 'Your credentials lack one or more required privilege scopes.';
      return send(res, 403, refusal(lacks, detail), headers);
    }
    world.calls.push(`${req.method} ${path}`);
    const { workspace = '', repo_slug: slug } = call.params;
    const repository = slug === undefined ? workspace : `${workspace}/${slug}`;
    const isTheirs = workspace === token.workspace;
    const answered = isTheirs
      ? endpoint.answer({ world, repository, params: call.params, query: searchParams, body })
      : undefined;
    if (answered === undefined) return send(res, 404, refusal(`Resource not found: ${path}`), headers);
    if (answered instanceof BitbucketRefusal)
      return send(res, answered.status, refusal(answered.message), headers);
    const answer = Array.isArray(answered) ? page(answered, pathname, searchParams) : answered;
    send(res, req.method === 'POST' ? 201 : 200, answer, headers);
  }

  /** Pages follow each other by addresses. */
  function page(items: unknown[], pathname: string, query: URLSearchParams): object {
    const pagelen = Number(query.get('pagelen') ?? DEFAULT_PAGE);
    const number = Number(query.get('page') ?? 1);
    const end = number * pagelen;
    const next = new URLSearchParams(query);
    next.set('page', String(number + 1));
    return {
      values: items.slice(end - pagelen, end),
      pagelen,
      page: number,
      ...(end < items.length && { next: `${world.url}${pathname}?${next.toString()}` }),
    };
  }
  return world;
}

function send(res: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  res.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const refusal = (message: string, detail?: object) => ({
  type: 'error',
  error: { message, ...(detail && { detail }) },
});

const toRef = (name: string, hash: string): Schema.Ref => ({
  type: 'ref',
  name,
  target: { type: 'commit', hash },
});
const toRefs = (refs: Record<string, string> = {}) =>
  Object.entries(refs).map(([name, hash]) => toRef(name, hash));

const toRepository = (
  { url, host }: BitbucketWorld,
  path: string,
  one: BitbucketRepository,
): Schema.Repository => ({
  type: 'repository',
  full_name: path,
  name: one.name,
  description: '',
  is_private: one.private,
  ...(Object.keys(one.branches).length > 0 && { mainbranch: { type: 'branch', name: 'main' } }),
  links: {
    html: { href: `${url}/${path}` },
    clone: [
      { name: 'https', href: `http://somebody@${host}/${path}.git` },
      { name: 'ssh', href: `git@${host}:${path}.git` },
    ],
  },
});
