import { createPublicKey, randomBytes, verify } from 'node:crypto';
import {
  type GithubAnswer,
  type GithubEndpoints,
  type GithubTestApp,
  type GithubTestInstallation,
  type GithubToken,
  type GithubWorld,
  notFound,
  type PermissionsOfApp,
} from './github-world.js';
import type { Described } from './openapi-description.js';

const DOCS = 'https://docs.github.com/rest';
const refused = (status: number, message: string): GithubAnswer => ({
  status,
  body: { message, documentation_url: DOCS, status: String(status) },
});

/** A JWT may last ten minutes. */
const JWT_S = 600;

/** An owner installs it. @param repositories `owner/name` */
export function installApp(
  app: GithubTestApp,
  account: string,
  repositories: string[],
  permissions = app.permissions,
): GithubTestInstallation {
  const id = app.id * 10 + app.installations.length;
  const installation: GithubTestInstallation = { id, account, repositories, permissions, suspended: false };
  app.installations.push(installation);
  return installation;
}

/** Who asks. @returns null: nobody whom GitHub knows */
export function whoAsks(world: GithubWorld, { path }: Described, bearer: string): GithubToken | null {
  if (path === '/app-manifests/{code}/conversions') return { login: '', scopes: null };
  const isAsApp = path.startsWith('/app/') || path === '/app' || path.endsWith('/installation');
  if (!isAsApp) return world.tokens.get(bearer) ?? null;
  const app = [...world.apps.values()].find((one) => !one.deleted && isSignedBy(one, bearer));
  if (!app) return null;
  app.jwts.push(bearer);
  return { login: `${app.slug}[bot]`, scopes: null, app };
}

function isSignedBy({ id, publicKey }: GithubTestApp, jwt: string): boolean {
  const [head = '', payload = '', signature = ''] = jwt.split('.');
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  try {
    const { iss, iat, exp } = read(payload) as { iss: number | string; iat: number; exp: number };
    const now = Date.now() / 1_000;
    return (
      read(head)['alg'] === 'RS256' &&
      String(iss) === String(id) &&
      iat <= now &&
      exp > now &&
      exp - iat <= JWT_S + 60 &&
      verify(
        'RSA-SHA256',
        Buffer.from(`${head}.${payload}`),
        createPublicKey(publicKey),
        Buffer.from(signature, 'base64url'),
      )
    );
  } catch {
    return false;
  }
}

/** What GitHub asks of an App's token, by its list “Permissions required for GitHub Apps”. */
const NEEDED: Readonly<Record<string, PermissionsOfApp>> = {
  'GET /installation/repositories': { metadata: 'read' },
  'GET /repos/{owner}/{repo}': { metadata: 'read' },
  'GET /repos/{owner}/{repo}/branches': { contents: 'read' },
  'GET /repos/{owner}/{repo}/branches/{branch}': { contents: 'read' },
  'GET /repos/{owner}/{repo}/tags': { metadata: 'read' },
  'GET /repos/{owner}/{repo}/pulls': { pull_requests: 'read' },
  'POST /repos/{owner}/{repo}/pulls': { pull_requests: 'write' },
  'GET /repos/{owner}/{repo}/pulls/{pull_number}': { pull_requests: 'read' },
  'PATCH /repos/{owner}/{repo}/pulls/{pull_number}': { pull_requests: 'write' },
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews': { pull_requests: 'read' },
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments': { pull_requests: 'read' },
  'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers': { pull_requests: 'write' },
  'PUT /repos/{owner}/{repo}/issues/{issue_number}/labels': { pull_requests: 'write' },
  'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels': { pull_requests: 'write' },
  'GET /repos/{owner}/{repo}/commits/{ref}/check-runs': { checks: 'read' },
  'GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations': { checks: 'read' },
  'GET /repos/{owner}/{repo}/commits/{ref}/status': { statuses: 'read' },
  'POST /repos/{owner}/{repo}/statuses/{sha}': { statuses: 'write' },
};

const covers = (given: PermissionsOfApp, needed: PermissionsOfApp): boolean =>
  Object.entries(needed).every(([name, wanted]) => given[name] === wanted || given[name] === 'write');

/** Whether a token of an App is enough for a call. Other tokens are looked at by what answers. */
export function mayCall({ of }: GithubToken, { method, path, params }: Described): boolean {
  if (!of) return true;
  const needed = NEEDED[`${method} ${path}`];
  const { owner, repo } = params;
  const isHere = owner === undefined || of.repositories.includes(`${owner}/${repo ?? ''}`);
  return needed !== undefined && !of.installation.suspended && isHere && covers(of.permissions, needed);
}
export const NOT_ACCESSIBLE = refused(403, 'Resource not accessible by integration');

/** Whether git may read or push, with the token in the password of Basic. @param url of a request of git */
export function mayUseGit(world: GithubWorld, { pathname, search }: URL, authorization = ''): boolean {
  const [name = ''] = pathname.slice(1).split('.git/');
  const [user, token = ''] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':');
  const of = world.tokens.get(token)?.of;
  const isPush = `${pathname}${search}`.includes('git-receive-pack');
  const needed: PermissionsOfApp = { contents: isPush ? 'write' : 'read' };
  return (
    user === 'x-access-token' &&
    of !== undefined &&
    !of.installation.suspended &&
    of.repositories.includes(name) &&
    covers(of.permissions, needed)
  );
}

const INTEGRATION = {
  node_id: 'x',
  description: null,
  external_url: 'https://example.org',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};

/** What GitHub says to Apps. */
export const githubApps: GithubEndpoints = {
  'POST /app-manifests/{code}/conversions': ({ params }, world) => {
    const app = world.apps.get(params['code'] ?? '');
    if (!app || app.converted) return notFound;
    app.converted = true;
    const { id, slug, name, pem, permissions, events } = app;
    const secrets = {
      client_id: `Iv23.${id}`,
      client_secret: app.clientSecret,
      webhook_secret: app.webhookSecret,
      pem,
    };
    const html_url = `${world.url}/apps/${slug}`;
    const owner = { ...world.description.sample('simple-user'), login: app.owner };
    return {
      status: 201,
      body: { ...INTEGRATION, id, slug, name, html_url, owner, permissions, events, ...secrets },
    };
  },

  'GET /app/installations': ({ token, query }, world) => ({
    body:
      Number(query['page'] ?? 1) > 1
        ? []
        : (token.app?.installations ?? []).map((one) => installationOf(one, world)),
  }),

  'GET /repos/{owner}/{repo}/installation': ({ token, params }, world) => {
    const name = `${params['owner'] ?? ''}/${params['repo'] ?? ''}`;
    const found = token.app?.installations.find(({ repositories }) => repositories.includes(name));
    return found ? { body: installationOf(found, world) } : notFound;
  },

  'POST /app/installations/{installation_id}/access_tokens': (
    { token: { app, login }, params, body },
    world,
  ) => {
    const installation = app?.installations.find(({ id }) => String(id) === params['installation_id']);
    if (!app || !installation) return notFound;
    if (installation.suspended) return refused(403, 'This installation has been suspended');
    const wanted = (body ?? {}) as { repositories?: string[]; permissions?: PermissionsOfApp };
    const permissions = wanted.permissions ?? installation.permissions;
    const all = installation.repositories;
    const names = wanted.repositories?.map((name) => `${installation.account}/${name}`) ?? all;
    if (!covers(installation.permissions, permissions))
      return refused(422, 'The permissions requested are not granted to this installation.');
    if (!names.every((name) => all.includes(name)))
      return refused(
        422,
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      );
    const token = `ghs_${randomBytes(20).toString('hex')}`;
    const of = { installation, repositories: names, permissions };
    world.tokens.set(token, { login, scopes: null, of });
    app.minted.push({ token, repositories: names, permissions });
    return {
      status: 201,
      body: { token, expires_at: new Date(Date.now() + 3_600_000).toISOString(), permissions },
    };
  },
};

const installationOf = (one: GithubTestInstallation, { url, description }: GithubWorld) => ({
  ...description.sample('installation'),
  id: one.id,
  // The description of the list wants all that a person and an enterprise have, of each.
  account: {
    ...description.sample('enterprise'),
    ...description.sample('simple-user'),
    login: one.account,
  },
  html_url: `${url}/organizations/${one.account}/settings/installations/${one.id}`,
  repository_selection: 'selected',
  permissions: one.permissions,
  suspended_at: one.suspended ? new Date().toISOString() : null,
});
