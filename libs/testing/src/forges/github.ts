import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { githubDescription } from './github-description.js';
import { githubApps, mayCall, mayUseGit, NOT_ACCESSIBLE, whoAsks } from './github-apps.js';
import { agreeToManifest } from './github-manifests.js';
import { githubRepositories } from './github-repositories.js';
import type { GithubAnswer, GithubEndpoints, GithubToken, GithubWorld } from './github-world.js';

interface Options {
  endpoints?: GithubEndpoints[];
  /** A git server on loopback, which serves the repositories to whoever it lets. */
  git?: { origin: string };
  /** The repositories are only for Apps that are installed there. */
  onlyForApps?: boolean;
}

const API = '/api/v3';
const VERSION = '2022-11-28';
const REQUIRED = { message: 'Requires authentication', documentation_url: 'https://docs.github.com/rest' };

/**
 * A stand-in for GitHub on loopback. It holds every call and every answer of its own to the description that GitHub publishes
 * (github-openapi.json): a call that GitHub would refuse is refused, and noted in `wrong`. What it does is in files beside this one.
 */
export async function startGithub({
  endpoints = [],
  git,
  onlyForApps = false,
}: Options = {}): Promise<GithubWorld> {
  const handlers: GithubEndpoints = Object.assign(
    {},
    githubApps,
    githubRepositories,
    ...endpoints,
  ) as GithubEndpoints;
  const server = createServer((req, res) => void handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world: GithubWorld = {
    url: `http://${host}`,
    host,
    description: githubDescription(),
    tokens: new Map(),
    apps: new Map(),
    repositories: new Map(),
    wrong: [],
    calls: [],
    fault: () => null,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '', world.url);
    if (!url.pathname.startsWith(`${API}/`)) return besides(url, req, res);
    url.pathname = url.pathname.slice(API.length);
    const method = req.method ?? 'GET';
    world.calls.push(`${method} ${url.pathname}${url.search}`);
    const sent = await text(req);
    const wrong = (why: string) => {
      world.wrong.push(`${method} ${url.pathname}: ${why}`);
      send(res, { status: 422, body: { message: why } });
    };
    const described = world.description.find(method, url);
    const handler = described && handlers[`${method} ${described.path}`];
    if (!handler)
      return wrong(described ? 'the stand-in has no such endpoint' : 'GitHub has no such endpoint');
    if (!req.headers['user-agent']) return wrong('a User-Agent is required');
    const version = req.headers['x-github-api-version'];
    if (version !== undefined && version !== VERSION) return wrong(`the version ${String(version)}`);
    const bearer = /^(?:bearer|token) (.+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? '';
    const token = whoAsks(world, described, bearer);
    if (!token) return send(res, { status: 401, body: REQUIRED });
    const body: unknown = sent === '' ? undefined : JSON.parse(sent);
    const refused = world.description.wrongWithRequest(described, body);
    if (refused.length > 0) return wrong(refused.join('; '));
    const call = { ...described, body, token };
    const fault = world.fault(call);
    if (fault !== null && fault !== 'lost') return send(res, fault);
    if (!mayCall(token, described)) return send(res, NOT_ACCESSIBLE);
    const answer = handler(call, world);
    const amiss = world.description.wrongWithAnswer(described, answer.status ?? 200, answer.body);
    if (amiss !== null) world.wrong.push(`answer of ${method} ${url.pathname}: ${amiss}`);
    if (fault === 'lost') return void res.destroy();
    send(res, { ...answer, headers: { ...headersFor(token), ...answer.headers } });
  }

  /** The pages of GitHub, and git. */
  async function besides(url: URL, req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.method === 'POST' && url.pathname.endsWith('/settings/apps/new')) {
      const manifest = new URLSearchParams(await text(req)).get('manifest') ?? '';
      const state = url.searchParams.get('state') ?? '';
      const location = agreeToManifest(world, url.pathname, state, manifest);
      return send(res, { status: 302, headers: { location } });
    }
    if (!git) return send(res, { status: 404 });
    if (onlyForApps && !mayUseGit(world, url, req.headers.authorization))
      return send(res, { status: 401, headers: { 'www-authenticate': 'Basic realm="GitHub"' } });
    passOn(git.origin, req, res);
  }
  return world;
}

const headersFor = ({ scopes, expires }: GithubToken): Record<string, string> => ({
  ...(scopes && { 'x-oauth-scopes': scopes.join(', ') }),
  ...(expires !== undefined && { 'github-authentication-token-expiration': expires }),
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': '4999',
});

function send(res: ServerResponse, { status = 200, body, headers }: GithubAnswer): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  res.end(body === undefined ? undefined : JSON.stringify(body));
}

function passOn(origin: string, req: IncomingMessage, res: ServerResponse): void {
  const outgoing = request(
    origin + (req.url ?? ''),
    { method: req.method, headers: req.headers },
    (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    },
  );
  outgoing.once('error', () => res.destroy());
  req.pipe(outgoing);
}
