import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorkspaces, type WorkspacesFixture } from '@saas-codex/testing/backend/workspaces-fixture';
import { type ForwardProxy, startForwardProxy } from '@saas-codex/testing/forward-proxy';
import { type GitServer, startGitServer } from '@saas-codex/testing/git-server';
import { createTestAuthority } from '@saas-codex/testing/runner/test-authority';

/*
 * An installation behind a proxy, with a certificate authority of its own: a host that only the proxy can resolve, whose
 * certificate only NODE_EXTRA_CA_CERTS makes trusted.
 */

const HOST = 'git.invalid';

let git: GitServer;
let secure: Server;
let proxy: ForwardProxy;
let fixture: WorkspacesFixture;
let folder: string;
let settings: NonNullable<Parameters<typeof startWorkspaces>[2]>;

beforeAll(async () => {
  git = await startGitServer();
  await git.createRepository('behind', { 'a.txt': '1\n' });
  const authority = await createTestAuthority([HOST]);
  secure = createServer(authority.server, (req, res) => {
    const { method = 'GET', headers } = req;
    const passed = request(`${git.origin}${req.url}`, { method, headers }, (answered) => {
      res.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(res);
    });
    req.pipe(passed);
  });
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  proxy = await startForwardProxy();
  proxy.places[`${HOST}:443`] = (secure.address() as AddressInfo).port;
  proxy.places[`${HOST}:80`] = Number(new URL(git.origin).port);
  folder = await mkdtemp(join(tmpdir(), 'saas-codex-ca-'));
  const file = join(folder, 'authority.pem');
  await writeFile(file, authority.pem);
  settings = {
    HTTP_PROXY: proxy.url,
    HTTPS_PROXY: proxy.url,
    NO_PROXY: ['direct.invalid'],
    NODE_EXTRA_CA_CERTS: file,
  };
  fixture = await startWorkspaces([HOST, git.host], undefined, settings);
});
beforeEach(() => proxy.seen.splice(0));
afterAll(async () => {
  await fixture.close();
  await proxy.stop();
  secure.closeAllConnections();
  secure.close();
  await git.stop();
  await rm(folder, { recursive: true });
});

test('an https repository is cloned in a tunnel, with the certificates of the installation', async () => {
  const { repo } = await fixture.openSession(`https://${HOST}/behind.git`);
  expect(await readdir(repo)).toEqual(['.git', 'a.txt']);
  expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${HOST}:443`]));
});

test('an http repository of a trusted host is asked for at the proxy', async () => {
  await fixture.openSession(`http://${HOST}/behind.git`);
  expect(proxy.seen[0]).toMatch(`GET http://${HOST}/behind.git/info/refs`);
});

test('loopback and NO_PROXY are reached directly', async () => {
  await fixture.openSession(`${git.origin}/behind.git`);
  const unknown = fixture.openSession('https://direct.invalid/a.git');
  await expect(unknown).rejects.toMatchObject({ code: 'repo_host_unknown' });
  expect(proxy.seen).toEqual([]);
});

test('addresses in private networks are refused as without a proxy', async () => {
  const private_ = fixture.openSession('https://10.0.0.1/a.git');
  await expect(private_).rejects.toMatchObject({ code: 'repo_host_forbidden' });
  expect(proxy.seen).toEqual([]);
});

test('a host that the proxy refuses, and a certificate that is not trusted, are named with the setting', async () => {
  await expect(fixture.openSession('https://elsewhere.invalid/a.git')).rejects.toMatchObject({
    code: 'clone_unreachable',
    detail: expect.stringContaining('HTTPS_PROXY'),
  });
  const { NODE_EXTRA_CA_CERTS: _, ...without } = settings;
  const other = await startWorkspaces([HOST], undefined, without);
  await expect(other.openSession(`https://${HOST}/behind.git`)).rejects.toMatchObject({
    code: 'clone_unreachable',
    detail: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  });
  await other.close();
});
