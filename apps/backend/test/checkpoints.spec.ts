import { access, chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execute, runGit, summary, startHistories } from '@saas-codex/testing/backend/history-fixture';
import { waitFor } from '@saas-codex/testing/wait-for';
import { isStoreOutage } from '@saas-codex/service-kit/store-outage';
import pg from 'pg';

let histories: Awaited<ReturnType<typeof startHistories>>;
beforeAll(async () => (histories = await startHistories()));
afterAll(() => histories.close());

describe('an agent cannot make the backend run its programs', () => {
  const FILES = { 'a.txt': 'a\n', 'sub/keep': 'k\n', '.gitattributes': '*.x filter=own\n' };

  test('through configuration, attributes, hooks, nested repositories or submodules', async () => {
    const session = await histories.openHistory(FILES);
    const marker = join(histories.root, 'marker');
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
        await runGit(folder, 'config', key, value);
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
    // A submodule, as if it had been cloned with the repository, and a repository that is not part of any commit.
    for (const nested of ['module', 'nested']) {
      await mkdir(session.at(nested));
      await runGit(join(session.repo, nested), 'init', '-q');
      await runGit(join(session.repo, nested), 'commit', '-q', '--allow-empty', '-m', 'x');
      await writeFile(join(session.repo, nested, 'file.txt'), 'file\n');
    }
    const commit = (await runGit(join(session.repo, 'module'), 'rev-parse', 'HEAD')).toString().trim();
    await runGit(session.historyGit, 'update-index', '--add', '--cacheinfo', `160000,${commit},module`);
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
    // The control: a git that trusts the folder does run the programs.
    await execute('git', ['status'], { cwd: session.repo }).catch(() => undefined);
    await access(marker);
    await rm(marker);
  });

  test('a folder that became a link is recorded as a link, without following it', async () => {
    const session = await histories.openHistory({ 'dir/secret.txt': 'mine\n', 'dir/same.txt': 'same\n' });
    await mkdir(join(histories.root, 'elsewhere'), { recursive: true });
    await writeFile(join(histories.root, 'elsewhere/secret.txt'), 'not for this session\n');
    await writeFile(join(histories.root, 'elsewhere/same.txt'), 'same\n');
    await rm(session.at('dir'), { recursive: true });
    await symlink(join(histories.root, 'elsewhere'), session.at('dir'));
    expect(await session.modes(await session.checkpoint())).toEqual({ dir: '120000' });
  });
});

describe('a checkpoint', () => {
  test('holds the bytes of every file, regardless of attributes', async () => {
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
    const session = await histories.openHistory({
      'a.txt': 'a\nb\n',
      '.gitattributes': '*.txt text eol=crlf\n',
    });
    expect(await session.diff(session.baseTree, await session.checkpoint())).toMatchObject({ files: [] });
    await session.write('.gitattributes', attributes);
    for (const [path, content] of Object.entries(contents)) await session.write(path, content);
    const tree = await session.checkpoint();
    for (const [path, content] of Object.entries(contents)) {
      expect(await runGit(session.historyGit, 'cat-file', 'blob', `${tree}:${path}`)).toEqual(
        Buffer.from(content),
      );
    }
    expect((await session.diff(session.baseTree, tree)).files).toHaveLength(Object.keys(contents).length + 1);
  });

  test('starts from the bytes that the checkout wrote, even if git converted them', async () => {
    const files = {
      '.gitattributes': '*.bat eol=crlf\n*.id ident\n* text=auto\n',
      'a.bat': 'a\n',
      'sub/b.id': '$Id$\n',
      'c.txt': 'c\n',
    };
    const session = await histories.openHistory(files);
    const written = await Promise.all(
      ['a.bat', 'sub/b.id', 'c.txt'].map((path) => readFile(session.at(path))),
    );
    expect(written[0]).toEqual(Buffer.from('a\r\n'));
    expect(written[1]).not.toEqual(Buffer.from(files['sub/b.id']));
    const recorded = (path: string) =>
      runGit(session.historyGit, 'cat-file', 'blob', `${session.baseTree}:${path}`);
    expect(await Promise.all(['a.bat', 'sub/b.id', 'c.txt'].map(recorded))).toEqual(written);
    // In the same second as the checkout, and with the same size, so timestamps show no difference.
    await session.write('c.txt', 'C\n');
    expect(summary(await session.diff(session.baseTree, await session.checkpoint()))).toEqual([
      'modified c.txt +1 -1',
    ]);
  });

  test('honours .gitignore for new files, and keeps tracked ones', async () => {
    const session = await histories.openHistory({
      '.gitignore': 'out/\n*.log\n',
      'kept.log': '1\n',
      'a.txt': 'a\n',
    });
    await session.write('out/big.js', 'x');
    await session.write('new.log', 'x');
    await session.write('kept.log', '2\n');
    await session.write('src/out.ts', 'x');
    await session.write('app/.gitignore', 'secret\n');
    await session.write('app/secret', 'x');
    const tree = await session.checkpoint();
    expect(summary(await session.diff(session.baseTree, tree))).toEqual([
      'modified kept.log +1 -1',
      'added app/.gitignore +1 -0',
      'added src/out.ts +1 -0',
    ]);
  });

  test('follows files that become folders, links, special files, and back', async () => {
    const session = await histories.openHistory({ a: 'a\n', 'b/c': 'c\n', d: 'd\n', e: 'e\n' });
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

  test('does not wait for named pipes in place of files that git reads', async () => {
    histories.limits.pipesEveryMs = 20;
    histories.limits.localMs = 5_000;
    const session = await histories.openHistory({ 'a.txt': 'a\n', 'sub/b.txt': 'b\n' });
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
    histories.limits.localMs = 60_000;
  });

  test('answers pipes that git comes to after the search for them, and refuses more than it will wait for', async () => {
    const { pipesEveryMs, pipes: maxPipes } = histories.limits;
    const session = await histories.openHistory({ 'a.txt': 'a\n' });
    const folders = Array.from({ length: 20 }, (_, n) => session.at(`d${n}`).toString());
    await Promise.all(folders.map((folder) => mkdir(folder)));
    await execute(
      'mkfifo',
      folders.map((folder) => `${folder}/.gitignore`),
    );
    // After the first search, none follows within the lifetime of a git command.
    Object.assign(histories.limits, { pipesEveryMs: 600_000, pipes: 20 });
    await session.write('d19/b.txt', 'b\n');
    expect(Object.keys(await session.modes(await session.checkpoint()))).toEqual(['a.txt', 'd19/b.txt']);
    histories.limits.pipes = 19;
    await expect(session.checkpoint()).rejects.toMatchObject({
      code: 'workspace_unreadable',
      detail: expect.stringContaining('named pipes'),
    });
    Object.assign(histories.limits, { pipesEveryMs, pipes: maxPipes });
  });

  test('leaves out a file that is too large, and removes the lock of a killed git', async () => {
    histories.limits.checkpointFileBytes = 1_000;
    const session = await histories.openHistory({ 'a.txt': 'a\n' });
    await session.write('large.bin', 'x'.repeat(1_001));
    await writeFile(join(session.historyGit, 'index.lock'), '');
    expect(await session.checkpoint()).toBe(session.baseTree);
    expect((await session.diff(session.baseTree, session.baseTree)).omitted).toEqual(['large.bin']);
    histories.limits.checkpointFileBytes = 1_000_000;
    const tree = await session.checkpoint();
    expect(await session.modes(tree)).toHaveProperty(['large.bin']);
    expect((await session.diff(session.baseTree, tree)).omitted).toEqual([]);
  });

  test('names what it leaves out: folders called like .git, and submodules with files in them', async () => {
    const session = await histories.openHistory({ 'a.txt': '1\n' });
    const commit = 'c'.repeat(40);
    for (const module of ['module', 'empty', 'removed']) {
      await mkdir(session.at(module));
      await runGit(session.historyGit, 'update-index', '--add', '--cacheinfo', `160000,${commit},${module}`);
    }
    await session.checkpoint();
    await session.write('.GIT/run.sh', 'x\n');
    await session.write('deep/.Git/b', 'x\n');
    await session.write('module/file.txt', 'x\n');
    await rm(session.at('removed'), { recursive: true });
    let tree = await session.checkpoint();
    const omitted = async () => (await session.diff(session.baseTree, tree)).omitted.toSorted();
    expect(await omitted()).toEqual(['.GIT/', 'deep/.Git/', 'module/']);

    await session.write('removed/file.txt', 'x\n');
    tree = await session.checkpoint();
    expect(await omitted()).toEqual(['.GIT/', 'deep/.Git/', 'module/']);
    expect(await session.modes(tree)).toHaveProperty(['removed/file.txt'], '100644');
  });

  test('is shared by simultaneous requests, and includes everything written before each of them', async () => {
    const session = await histories.openHistory(null);
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
    expect(await histories.history.hasCheckpoint(session.sessionId, trees[0] ?? '')).toBe(true);
    expect(await histories.history.hasCheckpoint(session.sessionId, '0'.repeat(40))).toBe(false);
  });

  test('ends its git and fails as a Postgres outage when its lock is lost; the next one is complete', async () => {
    const { localMs, pipesEveryMs } = histories.limits;
    Object.assign(histories.limits, { localMs: 600_000, pipesEveryMs: 600_000 });
    const session = await histories.openHistory({ 'a.txt': 'a\n' });
    await execute('mkfifo', [session.at('.gitignore').toString()]);
    const failed = session.checkpoint().catch((error: unknown) => error);
    const admin = new pg.Client(histories.databaseUrl);
    await admin.connect();
    await waitFor(async () => {
      const ended = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return ended.rowCount === 1;
    });
    await admin.end();
    expect(isStoreOutage(await failed)).toBe(true);
    await rm(session.at('.gitignore'));
    await session.write('b.txt', 'b\n');
    expect(Object.keys(await session.modes(await session.checkpoint()))).toEqual(['a.txt', 'b.txt']);
    Object.assign(histories.limits, { localMs, pipesEveryMs });
  });

  test('leaves no trace in the work tree', async () => {
    const session = await histories.openHistory({ 'a.txt': 'a\n' });
    await session.write('a.txt', 'b\n');
    const config = await readFile(session.at('.git/config'), 'utf8');
    await session.checkpoint();
    expect((await runGit(session.repo, 'status', '--porcelain')).toString()).toBe(' M a.txt\n');
    expect(await readFile(session.at('.git/config'), 'utf8')).toBe(config);
  });
});
