import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { startGitServer, type GitServer } from '@saas-codex/testing/git-server';
import { waitFor } from '@saas-codex/testing/wait-for';
import { LOCK, Locks } from '../src/database/locks.js';
import { systemContext } from '../src/identity/request-context.js';
import { startWorkspaces, type WorkspacesFixture } from '@saas-codex/testing/backend/workspaces-fixture';

/** Only the backend's resolver knows an address for this name. */
const PINNED = 'pinned.invalid';

let git: GitServer;
let fixture: WorkspacesFixture;

beforeAll(async () => {
  git = await startGitServer();
  fixture = await startWorkspaces([git.host, PINNED]);
});

afterAll(async () => {
  await fixture.close();
  await git.stop();
});

const run = async (cwd: string, ...args: string[]) =>
  (await promisify(execFile)('git', args, { cwd })).stdout.trim();

describe('a new workspace', () => {
  test('is an ordinary clone that borrows its objects from the mirror', async () => {
    const url = await git.createRepository('plain', { 'README.md': '# Plain\n', 'src/a.ts': 'export {};\n' });
    const phases: string[] = [];
    const sessionId = randomUUID();
    const source = { repoUrl: url, ref: null };
    const base = await fixture.clones.createWorkspace(fixture.ctx, sessionId, source, ({ phase }) =>
      phases.push(phase),
    );
    const repo = fixture.storage.repoPath(sessionId);

    expect(repo).toBe(join(fixture.root, sessionId, 'repo'));
    expect([...new Set(phases)]).toEqual(['resolving', 'fetching', 'checking_out']);
    expect(await run(repo, 'rev-parse', 'HEAD', 'HEAD^{tree}')).toBe(`${base.baseCommit}\n${base.baseTree}`);
    expect(await run(repo, 'status', '--short', '--branch')).toBe('## main...origin/main');
    expect(await run(repo, 'remote', '-v')).toBe(`origin\t${url} (fetch)\norigin\t${url} (push)`);
    expect(await readFile(join(repo, 'README.md'), 'utf8')).toBe('# Plain\n');
    expect(await readFile(join(repo, '.git/objects/info/alternates'), 'utf8')).toMatch('/.mirrors/');
    expect(await readdir(join(repo, '.git'))).not.toContain('hooks');
  });

  test('costs one ls-remote when the mirror is current, and a fetch when it is not', async () => {
    const url = await git.createRepository('shared', { 'a.txt': '1\n' });
    const requests = async (work: () => Promise<unknown>) => {
      const before = git.requests();
      await work();
      return git.requests() - before;
    };
    const [look, fetch] = [1, 3];
    expect(await requests(() => Promise.all([1, 2, 3].map(() => fixture.openSession(url))))).toBe(
      3 * look + fetch,
    );
    expect(await requests(() => fixture.openSession(url))).toBe(look);
    await git.commit('shared', { 'a.txt': '2\n' });
    expect(await requests(() => fixture.openSession(url))).toBe(look + fetch);
  });

  test('shares no mirror with another tenant', async () => {
    const url = await git.createRepository('tenants', { 'a.txt': '1\n' });
    const alternates = async (sessionId: string) =>
      readFile(join(fixture.root, sessionId, 'repo/.git/objects/info/alternates'), 'utf8');
    const mine = await fixture.openSession(url);
    const sessionId = randomUUID();
    const source = { repoUrl: url, ref: null };
    const ctx = systemContext('provisioning', 'tenant-b');
    await fixture.clones.createWorkspace(ctx, sessionId, source, () => {});
    expect(await alternates(sessionId)).not.toBe(await alternates(mine.sessionId));
  });

  test('without a repository starts on an empty commit', async () => {
    const { repo, baseCommit } = await fixture.openSession(null);
    expect(await run(repo, 'log', '--format=%H %D')).toBe(`${baseCommit} HEAD -> main`);
    expect(await run(repo, 'status', '--short')).toBe('');
    expect(await readdir(repo)).toEqual(['.git']);
  });

  test('on a remote without commits is set up to push to it', async () => {
    await run('/', 'init', '-q', '--bare', git.path('bare'));
    const url = `${git.origin}/bare.git`;
    const { repo } = await fixture.openSession(url);
    expect(await run(repo, 'remote', 'get-url', 'origin')).toBe(url);
  });

  test('on an empty remote starts on the branch that its HEAD names', async () => {
    await run('/', 'init', '-q', '--bare', '-b', 'trunk', git.path('empty-trunk'));
    const { repo } = await fixture.openSession(`${git.origin}/empty-trunk.git`);
    expect(await run(repo, 'symbolic-ref', 'HEAD')).toBe('refs/heads/trunk');
  });

  test('opens on a remote that is itself a shallow clone', async () => {
    await git.createRepository('deep', { 'a.txt': '1\n' });
    await git.commit('deep', { 'a.txt': '2\n' });
    const source = `file://${git.path('deep')}`;
    await run('/', 'clone', '-q', '--bare', '--depth=1', source, git.path('shallow'));
    for (let n = 0; n < 2; n++) {
      const { repo } = await fixture.openSession(`${git.origin}/shallow.git`);
      expect(await readFile(join(repo, 'a.txt'), 'utf8')).toBe('2\n');
      expect(await run(repo, 'log', '--format=%s')).toBe('Commit');
      expect(await run(repo, 'status', '--short', '--branch')).toBe('## main...origin/main');
    }
  });

  test('says which LFS files and submodules it lacks, and what to do', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n';
    const files = { '.gitattributes': '*.psd filter=lfs diff=lfs merge=lfs -text\n', 'a b.psd': pointer };
    const url = await git.createRepository('parts', files);
    expect((await fixture.openSession(url)).notices).toEqual([
      {
        code: 'lfs_files_missing',
        detail: expect.stringMatching(/^1 file in Git LFS: a b\.psd\..*git lfs pull/),
      },
    ]);
    const work = join(fixture.root, `work-${randomUUID()}`);
    await run('/', 'clone', '-q', git.path('parts'), work);
    const link = `160000,${await run(work, 'rev-parse', 'HEAD')},vendor/lib`;
    await run(work, 'update-index', '--add', '--cacheinfo', link);
    await run(work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '-qm', 'Link');
    await run(work, 'push', '-q', 'origin', 'main');
    expect((await fixture.openSession(url)).notices.map(({ code }) => code)).toEqual([
      'lfs_files_missing',
      'submodules_missing',
    ]);
    const plain = await git.createRepository('no-parts', { 'a.txt': '1\n' });
    expect((await fixture.openSession(plain)).notices).toEqual([]);
  });

  test('on a remote with 100,000 refs fetches only the ones that are needed', async () => {
    const url = await git.createRepository('crowded', { 'a.txt': '1\n' });
    await git.commit('crowded', { 'a.txt': '2\n' }, 'wanted');
    const bare = git.path('crowded');
    const [main, wanted] = (await run(bare, 'rev-parse', 'main', 'wanted')).split('\n');
    const crowd = Array.from({ length: 100_000 }, (_, n) => `${main} refs/heads/crowd/${n}`).toSorted();
    const refs = [...crowd, `${main} refs/heads/main`, `${wanted} refs/heads/wanted`];
    await writeFile(join(bare, 'packed-refs'), `# pack-refs with: sorted \n${refs.join('\n')}\n`);
    const refsOf = async (folder: string) =>
      (await run(folder, 'for-each-ref', '--format=%(refname)')).split('\n');

    const first = await fixture.openSession(url);
    const alternates = await readFile(join(first.repo, '.git/objects/info/alternates'), 'utf8');
    const mirror = dirname(alternates.trim());
    expect(await refsOf(mirror)).toEqual(['refs/heads/main']);
    const { repo, baseCommit } = await fixture.openSession(url, 'wanted');
    expect(baseCommit).toBe(wanted);
    expect(await run(repo, 'status', '--short', '--branch')).toBe('## wanted...origin/wanted');
    expect(await refsOf(mirror)).toEqual(['refs/heads/main', 'refs/heads/wanted']);
    expect(await readdir(join(mirror, 'refs/heads'))).toEqual([]);
    expect((await fixture.openSession(url, 'crowd/77777')).baseCommit).toBe(main);
  });

  test('has no branch that the remote has no more', async () => {
    const url = await git.createRepository('pruned', { 'a.txt': '1\n' });
    await git.commit('pruned', { 'a.txt': '2\n' }, 'topic');
    await fixture.openSession(url);
    await run(git.path('pruned'), 'update-ref', '-d', 'refs/heads/topic');
    await git.commit('pruned', { 'a.txt': '3\n' }, 'topic/part');
    const { repo } = await fixture.openSession(url);
    const branches = await run(repo, 'branch', '--remotes', '--format=%(refname:lstrip=3)');
    expect(branches.split('\n')).toEqual(['HEAD', 'main', 'topic/part']);
  });

  test('is created after a crash that left half a workspace and the lock of a dead process', async () => {
    const url = await git.createRepository('again', { 'a.txt': '1\n' });
    const before = await fixture.openSession(url);
    const alternates = await readFile(join(before.repo, '.git/objects/info/alternates'), 'utf8');
    const mirror = relative(join(fixture.root, '.mirrors'), dirname(alternates.trim()));
    const crashing = new Locks(fixture.databaseUrl);
    await new Promise<void>((held) => {
      void crashing.withLock(LOCK.mirror(mirror), () => new Promise<never>(() => held()));
    });
    const sessionId = randomUUID();
    await mkdir(join(fixture.root, sessionId, 'repo/.git'), { recursive: true });
    await writeFile(join(fixture.root, sessionId, 'repo/.git/config'), 'broken');

    const created = fixture.clones.createWorkspace(
      fixture.ctx,
      sessionId,
      { repoUrl: url, ref: null },
      () => {},
    );
    await crashing.close();
    await created;
    expect(await readdir(fixture.storage.repoPath(sessionId))).toEqual(['.git', 'a.txt']);
  });

  test('connects only to the network address that was checked', async () => {
    const url = await git.createRepository('pinned', { 'a.txt': '1\n' });
    const resolver = fixture.app.get(HostResolver);
    const asked: string[] = [];
    resolver.resolve = (host) => {
      asked.push(host);
      return Promise.resolve(asked.length === 1 ? ['127.0.0.1'] : ['127.0.0.2']);
    };
    const { repo } = await fixture.openSession(url.replace('127.0.0.1', PINNED));
    expect(await readdir(repo)).toContain('a.txt');
    expect(asked).toEqual([PINNED]);
  });
});

describe('a ref', () => {
  let url: string;
  let commits: Record<'first' | 'second' | 'pull', string>;

  beforeAll(async () => {
    url = await git.createRepository('refs', { 'a.txt': 'first\n' });
    const bare = git.path('refs');
    const first = await run(bare, 'rev-parse', 'main');
    await run(
      bare,
      '-c',
      'user.name=Ada',
      '-c',
      'user.email=ada@example.org',
      'tag',
      '-am',
      'One',
      'v1',
      first,
    );
    await git.commit('refs', { 'a.txt': 'pull\n' }, 'pull');
    const pull = await run(bare, 'rev-parse', 'pull');
    await run(bare, 'update-ref', 'refs/pull/1/head', pull);
    await run(bare, 'update-ref', '-d', 'refs/heads/pull');
    await git.commit('refs', { 'a.txt': 'second\n' }, 'feature/x');
    commits = { first, second: await run(bare, 'rev-parse', 'feature/x'), pull };
  });

  test.each([
    ['main', 'first', 'main'],
    ['HEAD', 'first', 'main'],
    ['feature/x', 'second', 'feature/x'],
    ['refs/heads/feature/x', 'second', 'feature/x'],
    ['v1', 'first', 'HEAD'],
    ['refs/tags/v1', 'first', 'HEAD'],
    ['refs/pull/1/head', 'pull', 'HEAD'],
    ['origin/feature/x', 'second', 'feature/x'],
    ['remotes/origin/feature/x', 'second', 'feature/x'],
    ['refs/remotes/origin/main', 'first', 'main'],
  ] as const)('may be %s', async (ref, commit, head) => {
    const { repo, baseCommit } = await fixture.openSession(url, ref);
    expect(baseCommit).toBe(commits[commit]);
    expect(await run(repo, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe(head);
    expect(await run(repo, 'status', '--short')).toBe('');
  });

  test('may be a commit, in full or abbreviated', async () => {
    expect((await fixture.openSession(url, commits.second)).baseCommit).toBe(commits.second);
    expect((await fixture.openSession(url, commits.second.slice(0, 9))).baseCommit).toBe(commits.second);
  });

  test.each(['nowhere', 'refs/heads/nowhere', '0123456', '0'.repeat(39) + '1'])(
    'is not found if it is %s',
    async (ref) => {
      await expect(fixture.openSession(url, ref)).rejects.toMatchObject({ code: 'ref_not_found' });
    },
  );
});

test('removing a workspace twice is no error', async () => {
  const { sessionId } = await fixture.openSession(null);
  await fixture.storage.removeWorkspace(sessionId);
  await fixture.storage.removeWorkspace(sessionId);
  await waitFor(async () => (await readdir(join(fixture.root, '.trash'))).length === 0);
  expect(await readdir(fixture.root)).not.toContain(sessionId);
});
