import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { GITLAB_READING } from './gitlab-repositories.js';
import { type GitlabEndpoint, GitlabRefusal, type GitlabWorld } from './gitlab-world.js';

const API = '/api/v4';

/**
 * A stand-in for GitLab on loopback: the part of its API that is used here, by its documentation and the types of gitbeaker. It
 * refuses a call whose path, parameters, types or token GitLab would not take. @param endpoints besides those for reading
 */
export async function startGitlab(endpoints: readonly GitlabEndpoint[] = []): Promise<GitlabWorld> {
  const all = [...GITLAB_READING, ...endpoints];
  const server = createServer((req, res) => void handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world: GitlabWorld = {
    url: `http://${host}`,
    host,
    tokens: new Map(),
    users: new Map(),
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
    const [path, query] = [pathname.slice(API.length), Object.fromEntries(searchParams)];
    const sent = await text(req);
    world.calls.push(`${req.method} ${path}`);
    const endpoint = all.find(({ method = 'GET', pattern }) => method === req.method && pattern.test(path));
    const wrong = (status: number, error: string) => {
      world.wrong.push(`${req.method} ${req.url}: ${error}`);
      send(res, status, { error });
    };
    if (!pathname.startsWith(`${API}/`) || !endpoint) return wrong(404, '404 Not Found');
    const token = world.tokens.get(String(req.headers['private-token']));
    if (!token) return send(res, 401, { message: '401 Unauthorized' });
    const { scopes, query: taken = z.strictObject({}), body: takenBody } = endpoint;
    if (scopes.length > 0 && token.scopes && !scopes.some((scope) => token.scopes?.includes(scope)))
      return send(res, 403, { ...LACKING, scope: scopes.join(' ') });
    const body: unknown = sent === '' ? undefined : JSON.parse(sent);
    const isJson = body === undefined || req.headers['content-type'] === 'application/json';
    const checked = [taken.safeParse(query), (takenBody ?? z.undefined()).safeParse(body)];
    const error = checked.map((one) => one.error?.message ?? '').join('');
    if (error !== '' || !isJson) return wrong(400, error || 'the content type');
    const parts = (endpoint.pattern.exec(path) ?? []).slice(1).map(decodeURIComponent);
    const answer = endpoint.answer(world, { login: token.login, token, parts, query, body });
    if (answer === undefined) return send(res, 404, { message: '404 Not found' });
    if (answer instanceof GitlabRefusal) return send(res, answer.status, answer.body);
    if (typeof answer === 'string') res.writeHead(200, { 'content-type': 'text/plain' }).end(answer);
    else send(res, req.method === 'POST' ? 201 : 200, answer);
  }
  return world;
}

const LACKING = {
  error: 'insufficient_scope',
  error_description: 'The request requires higher privileges than provided by the access token.',
};

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
