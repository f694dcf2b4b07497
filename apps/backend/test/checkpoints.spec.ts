import { execFile } from 'node:child_process';
import { access, chmod, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Diff } from '@saas-codex/contracts/diffs';
import { startGitServer, type GitServer } from '../../../tests/support/git-server.js';
import { startWorkspaces, type WorkspacesFixture } from './workspaces-fixture.js';

let git: GitServer;
let fixture: WorkspacesFixture;
let repositories = 0;

beforeAll(async () => {
  git = await startGitServer();
  fixture = await startWorkspaces([git.host]);
});

afterAll(async () => {
  await fixture.close();
  await git.stop();
});

const execute = promisify(execFile);
const AUTHOR = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
const run = async (cwd: string, ...args: string[]) =>
  (await execute('git', [...AUTHOR, ...args], { cwd, encoding: 'buffer' })).stdout;

/** A session on a repository of its own, seen through the boundary. */
async function open(files: Record<string, string | Buffer> | null) {
  const url = files && (await git.createRepository(`history-${++repositories}`, files));
  const session = await fixture.open(url);
  const { workspaces, ctx } = fixture;
  const at = (path: string | Buffer) => Buffer.concat([Buffer.from(`${session.repo}/`), Buffer.from(path)]);
  const history = join(fixture.root, session.sessionId, 'history.git');
  return {
    ...session,
    at,
    history,
    async write(path: string | Buffer, content: string | Buffer) {
      if (typeof path === 'string') await mkdir(dirname(at(path).toString()), { recursive: true });
      await writeFile(at(path), content);
    },
    checkpoint: () => workspaces.checkpoint(ctx, session.sessionId),
    diff: (from: string, to: string) => workspaces.diff(ctx, session.sessionId, from, to),
    patch: (from: string, to: string, path: string) =>
      workspaces.patch(ctx, session.sessionId, from, to, path),
    /** `git ls-tree -r` as `path → mode`. */
    async modes(tree: string): Promise<Record<string, string>> {
      const listing = (await run(history, 'ls-tree', '-r', '-z', tree)).toString('latin1');
      const lines = listing.split('\0').filter((line) => line !== '');
      return Object.fromEntries(lines.map((line) => [line.slice(line.indexOf('\t') + 1), line.slice(0, 6)]));
    },
  };
}

const summary = ({ files }: Diff) =>
  files.map(({ status, path, old_path, additions, deletions }) =>
    [status, old_path && `${old_path} →`, path, additions === null ? 'binary' : `+${additions} -${deletions}`]
      .filter((part) => part !== null)
      .join(' '),
  );

describe('nothing that the agent writes makes us run its programs', () => {
  const FILES = { 'a.txt': 'a\n', 'sub/keep': 'k\n', '.gitattributes': '*.x filter=own\n' };

  test('configuration, attributes, hooks, nested repositories, submodules', async () => {
    const session = await open(FILES);
    const marker = join(fixture.root, 'marker');
    const command = `touch ${marker}; cat`;
    const poison = async (folder: string) => {
      for (const [key, value] of [
        ['core.fsmonitor', command],
        ['core.sshCommand', command],
        ['core.pager', command],
        ['core.attributesFile', '/tmp/attributes'],
        ['diff.external', command],
        ['diff.own.textconv', command],
        ['diff.own.command', command],
        ['filter.own.clean', command],
        ['filter.own.smudge', command],
        ['filter.own.process', command],
        ['filter.own.required', 'true'],
      ] as const) {
        await run(folder, 'config', key, value);
      }
      for (const hook of ['post-index-change', 'pre-commit', 'reference-transaction', 'post-checkout']) {
        const path = join(folder, '.git/hooks', hook);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, `#!/bin/sh\n${command}\n`);
        await chmod(path, 0o755);
      }
      await writeFile(
        join(folder, '.gitattributes'),
        '[attr]bad filter=own diff=own merge=own\n* bad text eol=crlf\n',
      );
    };
    // A commit of its own with a submodule in it, as if it had been cloned so, and a repository that nobody knows.
    for (const nested of ['module', 'nested']) {
      await mkdir(session.at(nested));
      await run(join(session.repo, nested), 'init', '-q');
      await run(join(session.repo, nested), 'commit', '-q', '--allow-empty', '-m', 'x');
      await writeFile(join(session.repo, nested, 'file.txt'), 'file\n');
    }
    const commit = (await run(join(session.repo, 'module'), 'rev-parse', 'HEAD')).toString().trim();
    await run(session.history, 'update-index', '--add', '--cacheinfo', `160000,${commit},module`);
    for (const folder of ['', 'module', 'nested']) await poison(join(session.repo, folder));
    await session.write('a.txt', 'changed\n');

    const tree = await session.checkpoint();
    await session.write('module/file.txt', 'again\n');
    await session.write('nested/file.txt', 'again\n');
    const next = await session.checkpoint();
    await session.diff(session.baseTree, next);
    for (const path of ['a.txt', 'nested/file.txt', 'module', '.gitattributes']) {
      await session.patch(session.baseTree, next, path);
    }
    await expect(access(marker)).rejects.toThrow('ENOENT');
    expect(await session.modes(tree)).toEqual({
      '.gitattributes': '100644',
      'a.txt': '100644',
      module: '160000',
      'nested/.gitattributes': '100644',
      'nested/file.txt': '100644',
      'sub/keep': '100644',
    });
    // The same poison does work on a git that trusts the folder: the test would notice.
    await execute('git', ['status'], { cwd: session.repo }).catch(() => undefined);
    await access(marker);
    await rm(marker);
  });

  test('a folder that became a link is recorded as a link, not as what it leads to', async () => {
    const session = await open({ 'dir/secret.txt': 'mine\n', 'dir/same.txt': 'same\n' });
    await mkdir(join(fixture.root, 'elsewhere'), { recursive: true });
    await writeFile(join(fixture.root, 'elsewhere/secret.txt'), 'not for this session\n');
    await writeFile(join(fixture.root, 'elsewhere/same.txt'), 'same\n');
    await rm(session.at('dir'), { recursive: true });
    await symlink(join(fixture.root, 'elsewhere'), session.at('dir'));
    expect(await session.modes(await session.checkpoint())).toEqual({ dir: '120000' });
  });
});

describe('a checkpoint', () => {
  test('has the bytes of every file, whatever attributes say', async () => {
    const attributes =
      '* text=auto eol=crlf ident\n*.utf16 text working-tree-encoding=UTF-16\n*.bad working-tree-encoding\n';
    const contents: Record<string, string | Buffer> = {
      'crlf.txt': 'a\r\nb\r\n',
      'mixed.txt': 'a\nb\r\n',
      'cr.txt': 'a\rb\r',
      'ident.txt': '$Id: 0123 $\n',
      'text.utf16': Buffer.from('\ufeffh\u00e9llo\n', 'utf16le'),
      'zero.bad': Buffer.of(0, 1, 2, 13, 10, 255),
    };
    const session = await open({ 'a.txt': 'a\nb\n', '.gitattributes': '*.txt text eol=crlf\n' });
    expect(await session.diff(session.baseTree, await session.checkpoint())).toMatchObject({ files: [] });
    await session.write('.gitattributes', attributes);
    for (const [path, content] of Object.entries(contents)) await session.write(path, content);
    const tree = await session.checkpoint();
    for (const [path, content] of Object.entries(contents)) {
      expect(await run(session.history, 'cat-file', 'blob', `${tree}:${path}`)).toEqual(Buffer.from(content));
    }
    expect((await session.diff(session.baseTree, tree)).files).toHaveLength(Object.keys(contents).length + 1);
  });

  test('honours .gitignore for what is new, and keeps what is tracked', async () => {
    const session = await open({ '.gitignore': 'out/\n*.log\n', 'kept.log': '1\n', 'a.txt': 'a\n' });
    await session.write('out/big.js', 'x');
    await session.write('new.log', 'x');
    await session.write('kept.log', '2\n');
    await session.write('src/out.ts', 'x');
    await session.write('app/.gitignore', 'secret\n');
    await session.write('app/secret', 'x');
    const tree = await session.checkpoint();
    expect(summary(await session.diff(session.baseTree, tree))).toEqual([
      'added app/.gitignore +1 -0',
      'modified kept.log +1 -1',
      'added src/out.ts +1 -0',
    ]);
  });

  test('follows files that become folders, links, special files, and back', async () => {
    const session = await open({ a: 'a\n', 'b/c': 'c\n', d: 'd\n', e: 'e\n' });
    await rm(session.at('a'));
    await session.write('a/inner', 'inner\n');
    await rm(session.at('b'), { recursive: true });
    await session.write('b', 'b\n');
    await rm(session.at('d'));
    await execute('mkfifo', [session.at('d').toString(), session.at('pipe').toString()]);
    await rm(session.at('e'));
    await symlink('nowhere', session.at('e'));
    const tree = await session.checkpoint();
    expect(await session.modes(tree)).toEqual({ 'a/inner': '100644', b: '100644', e: '120000' });
    for (const path of ['a', 'b', 'd', 'e', 'pipe']) await rm(session.at(path), { recursive: true });
    await session.write('a', 'a\n');
    await session.write('b/c', 'c\n');
    await session.write('d', 'd\n');
    await session.write('e', 'e\n');
    expect(await session.checkpoint()).toBe(session.baseTree);
  });

  test('does not wait for named pipes in the place of files that git reads', async () => {
    fixture.limits.pipesEveryMs = 20;
    fixture.limits.localMs = 5_000;
    const session = await open({ 'a.txt': 'a\n', 'sub/b.txt': 'b\n' });
    const pipes = ['.gitignore', '.gitattributes', 'sub/.gitignore', 'sub/.gitattributes', '.gitmodules'];
    await execute(
      'mkfifo',
      pipes.map((path) => session.at(path).toString()),
    );
    await session.write('a.txt', 'changed\n');
    await session.write('sub/c.txt', 'c\n');
    expect(Object.keys(await session.modes(await session.checkpoint()))).toEqual([
      'a.txt',
      'sub/b.txt',
      'sub/c.txt',
    ]);
    fixture.limits.localMs = 60_000;
  });

  test('survives what cannot be recorded: too large, unreadable, a lock that a killed git left', async () => {
    fixture.limits.checkpointFileBytes = 1_000;
    const session = await open({ 'a.txt': 'a\n' });
    await session.write('large.bin', 'x'.repeat(1_001));
    await writeFile(join(session.history, 'index.lock'), '');
    expect(await session.checkpoint()).toBe(session.baseTree);
    fixture.limits.checkpointFileBytes = 1_000_000;
    expect(await session.modes(await session.checkpoint())).toHaveProperty(['large.bin']);
  });

  test('is one for all who ask at the same time, and holds what was written before each asked', async () => {
    const session = await open(null);
    const trees: string[] = [];
    for (let n = 0; n < 3; n++) {
      await session.write(`${n}.txt`, 'x');
      const taken = await Promise.all([session.checkpoint(), session.checkpoint()]);
      expect(taken[0]).toBe(taken[1]);
      trees.push(taken[0]);
    }
    const running = session.checkpoint();
    await session.write('late.txt', 'x');
    const [, late] = await Promise.all([running, session.checkpoint()]);
    expect(await session.modes(late)).toHaveProperty(['late.txt']);
    expect(new Set(trees).size).toBe(3);
    expect(await fixture.workspaces.hasCheckpoint(fixture.ctx, session.sessionId, trees[0] ?? '')).toBe(true);
    expect(await fixture.workspaces.hasCheckpoint(fixture.ctx, session.sessionId, '0'.repeat(40))).toBe(
      false,
    );
  });

  test('leaves no trace in the work tree', async () => {
    const session = await open({ 'a.txt': 'a\n' });
    await session.write('a.txt', 'b\n');
    const config = await readFile(session.at('.git/config'), 'utf8');
    await session.checkpoint();
    expect((await run(session.repo, 'status', '--porcelain')).toString()).toBe(' M a.txt\n');
    expect(await readFile(session.at('.git/config'), 'utf8')).toBe(config);
  });
});

describe('a diff', () => {
  const LINES = Array.from({ length: 30 }, (_, n) => `line ${n}\n`).join('');

  test('tells renames, binaries, modes, links and generated files apart', async () => {
    const session = await open({
      'old name.txt': LINES,
      'logo.png': Buffer.of(137, 80, 78, 71, 0, 1),
      'run.sh': '#!/bin/sh\n',
      'gone.txt': 'gone\n',
      'link-to-be': 'text\n',
      'package-lock.json': '{}\n',
    });
    await mkdir(session.at('moved'));
    await rename(session.at('old name.txt'), session.at('moved/new name.txt'));
    await session.write('moved/new name.txt', LINES.replace('line 7\n', 'line seven\n'));
    await session.write('logo.png', Buffer.of(137, 80, 78, 71, 0, 2));
    await chmod(session.at('run.sh'), 0o755);
    await rm(session.at('gone.txt'));
    await rm(session.at('link-to-be'));
    await symlink('run.sh', session.at('link-to-be'));
    await session.write('package-lock.json', '{"a":1}\n');
    const tree = await session.checkpoint();
    const diff = await session.diff(session.baseTree, tree);
    expect(summary(diff).toSorted()).toEqual([
      'deleted gone.txt +0 -1',
      'modified logo.png binary',
      'modified package-lock.json +1 -1',
      'modified run.sh +0 -0',
      'renamed old name.txt → moved/new name.txt +1 -1',
      'type_changed link-to-be +1 -1',
    ]);
    expect(diff.stat).toEqual({ files: 6, additions: 3, deletions: 4 });
    expect(diff.files.filter(({ generated }) => generated).map(({ path }) => path)).toEqual([
      'package-lock.json',
    ]);

    const patch = async (path: string) => (await session.patch(session.baseTree, tree, path)).patch;
    expect(await patch('logo.png')).toBe('');
    expect(await patch('run.sh')).toBe('diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n');
    expect(await patch('gone.txt')).toBe(
      'diff --git a/gone.txt b/gone.txt\ndeleted file mode 100644\n--- a/gone.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n',
    );
    expect(await patch('moved/new name.txt')).toMatch(
      /^diff --git a\/old name.txt b\/moved\/new name.txt\nsimilarity index \d+%\nrename from old name.txt\nrename to moved\/new name.txt\n--- a\/old name.txt\n\+\+\+ b\/moved\/new name.txt\n@@ -5,7 \+5,7 @@/,
    );
    expect(await patch('link-to-be')).toContain('-text\n+run.sh\n\\ No newline at end of file\n');
    await expect(patch('old name.txt')).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(patch('../../etc/passwd')).rejects.toMatchObject({ code: 'file_not_found' });
  });

  test('gives every path one text, however odd', async () => {
    const names: [string, Buffer][] = [
      [' spaces ', Buffer.from(' spaces ')],
      ['back\\slash', Buffer.from('back\\slash')],
      ['new\nline', Buffer.from('new\nline')],
      ['tab\tand "quotes"', Buffer.from('tab\tand "quotes"')],
      ['größe-日本.txt', Buffer.from('größe-日本.txt')],
      ['--option', Buffer.from('--option')],
      [':(glob)*', Buffer.from(':(glob)*')],
      ['"latin-\\351.txt"', Buffer.from('latin-\xe9.txt', 'latin1')],
      ['"\\"latin-\\\\351.txt\\""', Buffer.from('"latin-\\351.txt"')],
    ];
    const session = await open(null);
    for (const [, name] of names) await session.write(name, 'x\n');
    const tree = await session.checkpoint();
    const diff = await session.diff(session.baseTree, tree);
    expect(diff.files.map(({ path }) => path).toSorted()).toEqual(names.map(([text]) => text).toSorted());
    for (const [text] of names) {
      expect((await session.patch(session.baseTree, tree, text)).patch).toMatch(/\n@@ -0,0 \+1 @@\n\+x\n$/);
    }
    // git reads our heads as it reads its own.
    const patches = await Promise.all(names.map(([text]) => session.patch(session.baseTree, tree, text)));
    const target = join(fixture.root, 'patched');
    await mkdir(target);
    await writeFile(join(target, 'all.patch'), patches.map(({ patch }) => patch).join(''));
    await run(target, 'apply', '--unsafe-paths', 'all.patch');
    for (const [, name] of names) await access(Buffer.concat([Buffer.from(`${target}/`), name]));
  });

  test('is cut when it has too many files, and a patch when it is too long', async () => {
    const session = await open(null);
    Object.assign(fixture.limits, { diffFiles: 2, patchBytes: 500 });
    for (const name of ['a', 'b', 'c']) await session.write(name, LINES.repeat(10));
    const tree = await session.checkpoint();
    const diff = await session.diff(session.baseTree, tree);
    expect(diff).toMatchObject({ truncated: true, stat: { files: 3, additions: 900 } });
    expect(diff.files).toHaveLength(2);
    const { patch, truncated } = await session.patch(session.baseTree, tree, 'c');
    expect(truncated).toBe(true);
    expect(patch.length).toBeLessThan(800);
    expect(patch).toMatch(/\n\+line \d+\n$/);
  });
});
