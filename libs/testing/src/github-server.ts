import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { githubDescription } from './forges/github-description.js';

/** Somebody who has an account at GitHub. */
export interface GithubTestPerson {
  id: number;
  login: string;
  name: string | null;
  emails: { email: string; primary: boolean; verified: boolean; visibility: string | null }[];
  organisations: string[];
  /** `organisation/team`. */
  teams: string[];
}

export interface GithubServer {
  url: string;
  clientId: string;
  clientSecret: string;
  /** Who sits at the browser; null: they refuse. */
  person: GithubTestPerson | null;
  /** What GitHub would have refused, or what would not have meant to it what its caller thinks. */
  readonly wrong: string[];
  /** Every call of the API, as `path?query`. */
  readonly calls: string[];
  /** Refuses the paths with this status. */
  readonly broken: Record<string, number>;
  /** Signs in as `person`. @returns the address to which GitHub sends the browser */
  visit(page: string): Promise<URL>;
  stop(): Promise<void>;
}

type Path = '/user' | '/user/emails' | '/user/orgs' | '/user/teams';

/** What each path needs of the token, by its description. */
const SCOPES: Record<Path, readonly string[]> = {
  '/user': [],
  '/user/emails': ['user:email', 'user'],
  '/user/orgs': ['read:org', 'user'],
  '/user/teams': ['read:org', 'user', 'repo'],
};
const isPath = (path: string): path is Path => path in SCOPES;
const AUTHORIZE = ['client_id', 'redirect_uri', 'scope', 'state', 'code_challenge', 'code_challenge_method'];
const EXCHANGE = ['client_id', 'client_secret', 'code', 'redirect_uri', 'code_verifier'];
/** OAuth's own, which GitHub does not read. */
const UNREAD = ['response_type', 'grant_type'];

interface Grant {
  person: GithubTestPerson;
  scopes: string[];
  challenge: string;
  redirect: string;
}

/**
 * A stand-in for GitHub as an Enterprise Server shows it, on loopback: its web flow for OAuth apps as the docs describe it, and the part of
 * its API that signing in asks for. Each call is held to the description that GitHub publishes, and so is each answer.
 */
export async function startGithubServer(): Promise<GithubServer> {
  const codes = new Map<string, Grant>();
  const tokens = new Map<string, Grant>();
  const description = githubDescription();
  const server = createServer((req, res) => void handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world: GithubServer = {
    url,
    clientId: 'Iv1.saas-codex',
    clientSecret: 'github-client-secret-of-the-specs',
    person: null,
    wrong: [],
    calls: [],
    broken: {},
    visit: async (page) => {
      const answer = await fetch(page, { redirect: 'manual' });
      const location = answer.headers.get('location');
      if (location === null) throw new Error(`GitHub answered ${answer.status}: ${await answer.text()}`);
      return new URL(location);
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const answer = (res: ServerResponse, status: number, body: unknown) => {
    if (status >= 400) world.wrong.push(`${status}: ${JSON.stringify(body)}`);
    res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
  };

  function authorize({ searchParams: query }: URL, res: ServerResponse): void {
    const given = Object.fromEntries(query);
    const missing = AUTHORIZE.filter((name) => !given[name]);
    const unknown = Object.keys(given).filter((name) => ![...AUTHORIZE, ...UNREAD].includes(name));
    if (missing.length > 0 || unknown.length > 0) return answer(res, 400, { missing, unknown });
    if (given['client_id'] !== world.clientId || given['code_challenge_method'] !== 'S256')
      return answer(res, 404, { message: 'Not Found' });
    const back = new URL(given['redirect_uri'] ?? '');
    back.searchParams.set('state', given['state'] ?? '');
    if (world.person) {
      const code = randomBytes(10).toString('hex');
      const [challenge = '', redirect = ''] = [given['code_challenge'], given['redirect_uri']];
      codes.set(code, {
        person: world.person,
        scopes: (given['scope'] ?? '').split(' '),
        challenge,
        redirect,
      });
      back.searchParams.set('code', code);
    } else {
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', '<b>The user has denied</b>');
    }
    res.writeHead(302, { location: back.href }).end();
  }

  /** GitHub refuses with status 200. */
  async function exchange(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const form = Object.fromEntries(new URLSearchParams(await text(req)));
    const unknown = Object.keys(form).filter((name) => ![...EXCHANGE, ...UNREAD].includes(name));
    if (req.method !== 'POST' || req.headers.accept !== 'application/json' || unknown.length > 0)
      return answer(res, 400, { unknown });
    const { client_id: id, client_secret: secret, code = '', redirect_uri: redirect } = form;
    if (id !== world.clientId || secret !== world.clientSecret)
      return answer(res, 200, { error: 'incorrect_client_credentials' });
    const grant = codes.get(code);
    codes.delete(code);
    const challenge = createHash('sha256')
      .update(form['code_verifier'] ?? '')
      .digest('base64url');
    if (grant?.challenge !== challenge) return answer(res, 200, { error: 'bad_verification_code' });
    if (grant.redirect !== redirect) return answer(res, 200, { error: 'redirect_uri_mismatch' });
    const token = `gho_${randomBytes(18).toString('hex')}`;
    tokens.set(token, grant);
    answer(res, 200, { access_token: token, scope: grant.scopes.join(','), token_type: 'bearer' });
  }

  function api(req: IncomingMessage, address: URL, res: ServerResponse): void {
    address.pathname = address.pathname.replace('/api/v3', '');
    const path = address.pathname;
    world.calls.push(path + address.search);
    const described = description.find(req.method ?? 'GET', address);
    if (!described || !isPath(path)) return answer(res, 404, { message: 'Not Found', path });
    if (world.broken[path] !== undefined)
      return void res.writeHead(world.broken[path], { 'content-type': 'application/json' }).end('{}');
    if (!req.headers['user-agent']) return answer(res, 403, { message: 'A User-Agent is required', path });
    if (req.headers['x-github-api-version'] !== '2022-11-28')
      return answer(res, 400, { path, why: 'version' });
    const grant = tokens.get((req.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (!grant) return answer(res, 401, { message: 'Requires authentication', path });
    const needed = SCOPES[path];
    if (needed.length > 0 && !needed.some((scope) => grant.scopes.includes(scope)))
      return answer(res, 403, { message: `Needs ${needed.join(' or ')}`, path });
    const refused = description.wrongWithRequest(described, undefined);
    if (refused.length > 0) return answer(res, 422, { path, refused });
    const body = page(bodyOf(path, grant.person), address.searchParams);
    const amiss = description.wrongWithAnswer(described, 200, body);
    if (amiss !== null) return answer(res, 500, { path, amiss });
    answer(res, 200, body);
  }

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const address = new URL(req.url ?? '', url);
    if (address.pathname === '/login/oauth/authorize') return authorize(address, res);
    if (address.pathname === '/login/oauth/access_token') return exchange(req, res);
    if (address.pathname.startsWith('/api/v3/')) return api(req, address, res);
    answer(res, 404, { message: 'Not Found', path: address.pathname });
  }
  return world;
}

function bodyOf(path: Path, person: GithubTestPerson): object | object[] {
  switch (path) {
    case '/user':
      return {
        ...githubDescription().sample('private-user'),
        id: person.id,
        login: person.login,
        name: person.name,
      };
    case '/user/emails':
      return person.emails;
    case '/user/orgs':
      return person.organisations.map((login) => ({
        ...githubDescription().sample('organization-simple'),
        login,
      }));
    case '/user/teams':
      return person.teams.map((team) => {
        const [login = '', slug = ''] = team.split('/');
        return {
          ...githubDescription().sample('team-full'),
          slug,
          organization: { ...githubDescription().sample('team-organization'), login },
        };
      });
  }
}

function page(body: object | object[], query: URLSearchParams): object | object[] {
  if (!Array.isArray(body)) return body;
  const size = Math.min(Number(query.get('per_page') ?? 30), 100);
  const start = (Number(query.get('page') ?? 1) - 1) * size;
  return body.slice(start, start + size);
}
