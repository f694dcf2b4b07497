import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  request,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startGitServer, type GitServer } from '@saas-codex/testing/git-server';
import { waitFor } from '@saas-codex/testing/wait-for';
import { startWorkspaces, type WorkspacesFixture } from '@saas-codex/testing/backend/workspaces-fixture';

let git: GitServer;
let fixture: WorkspacesFixture;
let hostile: Server;
let answer: RequestListener;
let hostileOrigin: string;

beforeAll(async () => {
  git = await startGitServer();
  hostile = createServer((req, res) => answer(req, res));
  await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
  const hostileHost = `127.0.0.1:${(hostile.address() as AddressInfo).port}`;
  hostileOrigin = `http://${hostileHost}`;
  fixture = await startWorkspaces([git.host, hostileHost, '127.0.0.1:9']);
});

afterAll(async () => {
  await fixture.close();
  await git.stop();
  hostile.closeAllConnections();
  await new Promise((resolve) => hostile.close(resolve));
});

/** Passes a request on to another server. */
function forward(origin: string, req: IncomingMessage, res: ServerResponse): void {
  const { method = 'GET', headers } = req;
  const passed = request(`${origin}${req.url}`, { method, headers }, (answered) => {
    res.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(res);
  });
  req.pipe(passed);
}

const listing = (...path: string[]) => readdir(join(fixture.root, ...path)).catch(() => []);

/** All workspaces and mirrors, finished or not, once the trash is empty. */
async function everythingOnDisk(): Promise<string[]> {
  await waitFor(async () => (await listing('.trash')).length === 0);
  const tenants = await listing('.mirrors');
  const mirrors = await Promise.all(tenants.map((tenant) => listing('.mirrors', tenant)));
  return [...(await listing()).filter((name) => !name.startsWith('.')), ...mirrors.flat()].toSorted();
}

describe('a clone that fails leaves nothing behind', () => {
  const limits: Record<string, number> = {};

  afterEach(() => Object.assign(fixture.limits, limits));

  const withLimit = (name: keyof WorkspacesFixture['limits'], value: number) => {
    limits[name] = fixture.limits[name];
    fixture.limits[name] = value;
  };

  async function codeOf(open: () => Promise<unknown>): Promise<string> {
    const before = await everythingOnDisk();
    const failure = await open().then(
      () => ({ code: 'none' }),
      (error: { code: string }) => error,
    );
    expect(await everythingOnDisk()).toEqual(before);
    return failure.code;
  }

  const status = (code: number, headers: Record<string, string> = {}): RequestListener => {
    return (_req, res) => res.writeHead(code, headers).end('no');
  };

  test.each<[string, RequestListener]>([
    ['clone_not_found', status(404)],
    ['clone_auth_failed', status(401, { 'www-authenticate': 'Basic realm="git"' })],
    ['clone_auth_failed', status(403)],
    ['clone_rate_limited', status(429, { 'retry-after': '60' })],
    ['clone_unreachable', status(500)],
    ['clone_unreachable', (req) => req.socket.destroy()],
    ['clone_not_found', (_req, res) => res.end('<!doctype html>\n<h1>Welcome</h1>\n')],
  ])('when it fails with %s', async (code, listener) => {
    answer = listener;
    expect(await codeOf(() => fixture.openSession(`${hostileOrigin}/a.git`))).toBe(code);
  });

  test('when the host redirects it, which is not followed', async () => {
    const url = await git.createRepository('redirected', { 'a.txt': '1\n' });
    const before = git.requests();
    answer = (req, res) => res.writeHead(302, { location: `${git.origin}${req.url}` }).end();
    expect(await codeOf(() => fixture.openSession(url.replace(git.origin, hostileOrigin)))).toBe(
      'clone_redirected',
    );
    expect(git.requests()).toBe(before);
  });

  test('when the host redirects it, and the new address is named', async () => {
    answer = (req, res) =>
      res.writeHead(301, { location: `/new/name.git${req.url?.slice('/a.git'.length)}` }).end();
    await expect(fixture.openSession(`${hostileOrigin}/a.git`)).rejects.toMatchObject({
      code: 'clone_redirected',
      detail: `The repository has moved to ${hostileOrigin}/new/name.git. Use that address.`,
    });
    answer = (_req, res) =>
      res.writeHead(301, { location: 'https://user:secret@host.example/a.git/info/refs' }).end();
    const failure = fixture.openSession(`${hostileOrigin}/a.git`);
    await expect(failure).rejects.toMatchObject({
      code: 'clone_redirected',
      detail: expect.not.stringContaining('secret'),
    });
  });

  test('unless it is redirected to the same address with .git, which is checked and followed', async () => {
    await git.createRepository('suffix', { 'a.txt': '1\n' });
    answer = (req, res) => {
      const url = req.url ?? '';
      if (url.startsWith('/suffix/'))
        res.writeHead(301, { location: url.replace('/suffix/', '/suffix.git/') }).end();
      else forward(git.origin, req, res);
    };
    const { repo } = await fixture.openSession(`${hostileOrigin}/suffix`);
    expect(await readdir(repo)).toEqual(['.git', 'a.txt']);
  });

  test.each(['http', 'ssh'])('when nothing listens at the host: %s', async (scheme) => {
    expect(await codeOf(() => fixture.openSession(`${scheme}://127.0.0.1:9/a.git`))).toBe(
      'clone_unreachable',
    );
  });

  test('when the host never answers', async () => {
    withLimit('resolveMs', 300);
    answer = () => {};
    expect(await codeOf(() => fixture.openSession(`${hostileOrigin}/a.git`))).toBe('clone_timeout');
  });

  test('when the caller gives up', async () => {
    const abort = new AbortController();
    answer = () => abort.abort();
    const sessionId = randomUUID();
    const source = { repoUrl: `${hostileOrigin}/a.git`, ref: null };
    await codeOf(() =>
      fixture.clones.createWorkspace(fixture.ctx, sessionId, source, () => {}, abort.signal),
    );
    await expect(stat(fixture.storage.repoPath(sessionId))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test.each([
    ['checkoutFiles', 2],
    ['checkoutBytes', 1_000],
  ] as const)('when the repository exceeds %s', async (limit, value) => {
    const name = `large-${limit}`;
    const url = await git.createRepository(name, { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c'.repeat(2_000) });
    await fixture.openSession(url);
    withLimit(limit, value);
    expect(await codeOf(() => fixture.openSession(url))).toBe('clone_too_large');
  });

  const withQuota = (url: string) =>
    codeOf(() => {
      const source = { repoUrl: url, ref: null, maxBytes: 10_000 };
      return fixture.clones.createWorkspace(fixture.ctx, randomUUID(), source, () => {});
    });

  test("when fetching it exceeds the tenant's disk quota", async () => {
    const url = await git.createRepository('quota-fetch', { 'a.bin': randomBytes(100_000) });
    expect(await withQuota(url)).toBe('disk_quota_exceeded');
  });

  test("when checking it out exceeds the tenant's disk quota", async () => {
    const url = await git.createRepository('quota-checkout', { 'a.bin': Buffer.alloc(100_000) });
    await fixture.openSession(url);
    expect(await withQuota(url)).toBe('disk_quota_exceeded');
  });

  test('when the repository exceeds mirrorBytes', async () => {
    withLimit('mirrorBytes', 100);
    const url = await git.createRepository('large-mirror', { 'a.txt': 'a'.repeat(2_000) });
    expect(await codeOf(() => fixture.openSession(url))).toBe('clone_too_large');
  });
});
