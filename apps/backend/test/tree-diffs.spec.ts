import { execFileSync } from 'node:child_process';
import { access, chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runGit, summary, startHistories } from '@saas-codex/testing/backend/history-fixture';

let histories: Awaited<ReturnType<typeof startHistories>>;
beforeAll(async () => (histories = await startHistories()));
const usual: Partial<typeof histories.limits> = {};
beforeAll(() => Object.assign(usual, histories.limits));
afterEach(() => Object.assign(histories.limits, usual));
afterAll(() => histories.close());

describe('a diff', () => {
  const LINES = Array.from({ length: 30 }, (_, n) => `line ${n}\n`).join('');

  test('distinguishes renames, binaries, modes, links and generated files', async () => {
    const session = await histories.openHistory({
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
    expect(diff.stat).toEqual({
      files: 6,
      additions: 3,
      deletions: 4,
      generated: { files: 1, additions: 1, deletions: 1 },
    });
    const modesOf = (path: string) => {
      const { old_mode, new_mode } = diff.files.find((file) => file.path === path) ?? {};
      return [old_mode, new_mode];
    };
    expect(modesOf('run.sh')).toEqual(['100644', '100755']);
    expect(modesOf('link-to-be')).toEqual(['100644', '120000']);
    expect(modesOf('gone.txt')).toEqual(['100644', undefined]);
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

  test('ignores white space on request, in the list as in the patch', async () => {
    const session = await histories.openHistory({
      'a.ts': 'if (a) {\n  b();\n}\n',
      'b.ts': 'one\ntwo\n',
      'c.ts': 'c\n',
    });
    await session.write('a.ts', 'if (a) {\n    b( );\n}\n');
    await session.write('b.ts', 'one\n\ttwo\nthree\n');
    await session.write('c.ts', 'C\n');
    const to = await session.checkpoint();
    const comparison = { sessionId: session.sessionId, from: session.baseTree, to, ignoresWhitespace: true };
    const diff = await histories.history.diff(histories.ctx, comparison);
    expect(summary(diff)).toEqual(['modified a.ts +0 -0', 'modified b.ts +1 -0', 'modified c.ts +1 -1']);
    expect(diff.stat).toEqual({ files: 3, additions: 2, deletions: 1 });
    const patch = async (path: string) =>
      (await histories.history.filePatch(histories.ctx, comparison, path)).patch;
    expect(await patch('a.ts')).not.toContain('@@');
    expect(await patch('b.ts')).toContain('@@ -1,2 +1,3 @@\n one\n \ttwo\n+three\n');
    expect(summary(await session.diff(session.baseTree, to))[0]).toBe('modified a.ts +1 -1');
  });

  test('lists only the files of which a changed line contains a text', async () => {
    const session = await histories.openHistory({
      'a.txt': 'stays: f(x)\nold F(x)[1]\n',
      'b.txt': 'stays: f(x)\n',
    });
    await session.write('a.txt', 'stays: f(x)\nnew\n');
    await session.write('b.txt', 'stays: f(x)\nfx1\n');
    await session.write('c.txt', 'f(x)[1]\n');
    const to = await session.checkpoint();
    const found = async (text: string) =>
      (
        await histories.history.diff(histories.ctx, {
          sessionId: session.sessionId,
          from: session.baseTree,
          to,
          text,
        })
      ).files.map(({ path }) => path);
    expect(await found('f(x)[1]')).toEqual(['a.txt', 'c.txt']);
    expect(await found('fx1')).toEqual(['b.txt']);
    expect(await found('stays')).toEqual([]);
    expect(await found('\\')).toEqual([]);
  });

  describe('of texts in other encodings', () => {
    const le = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
    const be = (text: string) => le(text).swap16();
    const ATTRIBUTES = '*.sjis working-tree-encoding=Shift_JIS\n*.bare working-tree-encoding=UTF-16LE\n';

    test('shows UTF-16, and what .gitattributes names, as text', async () => {
      const japanese = Buffer.of(0x93, 0xfa, 0x96, 0x7b, 0x0a);
      const session = await histories.openHistory({
        '.gitattributes': ATTRIBUTES,
        'le.txt': le('one\ntwo\n'),
        'be.txt': be('one\r\ntwo\r\n'),
        'gone.txt': be('gone\n'),
        'some folder/a.bare': Buffer.from('one\ntwo\n', 'utf16le'),
        'b.sjis': japanese,
        'logo.png': Buffer.of(137, 80, 78, 71, 0, 1),
      });
      await session.write('le.txt', le('one\nTWO\n'));
      await session.write('be.txt', be('one\r\ntwo\r\nthree\r\n'));
      await rm(session.at('gone.txt'));
      await session.write('new.txt', le('new\n'));
      await session.write('some folder/a.bare', Buffer.from('one\nTWO\n', 'utf16le'));
      await session.write('b.sjis', Buffer.concat([japanese, Buffer.of(0x8c, 0xea, 0x0a)]));
      await session.write('logo.png', Buffer.of(137, 80, 78, 71, 0, 2));
      const tree = await session.checkpoint();
      const diff = await session.diff(session.baseTree, tree);
      expect(summary(diff).toSorted()).toEqual([
        'added new.txt +1 -0',
        'deleted gone.txt +0 -1',
        'modified b.sjis +1 -0',
        'modified be.txt +1 -0',
        'modified le.txt +1 -1',
        'modified logo.png binary',
        'modified some folder/a.bare +1 -1',
      ]);
      expect(diff.files.filter(({ binary }) => binary).map(({ path }) => path)).toEqual(['logo.png']);
      const totals = { files: 7, additions: 5, deletions: 3 };
      expect(diff.stat).toEqual(totals);
      expect(await session.stat(session.baseTree, tree)).toEqual(totals);
      // Each page has the totals of the whole diff.
      const first = await session.diff(session.baseTree, tree, { limit: 1 });
      const cursor = first.next_cursor ?? undefined;
      const second = await session.diff(session.baseTree, tree, { limit: 2, cursor });
      expect([first.stat, second.stat]).toEqual([totals, totals]);
      const patch = async (path: string) => (await session.patch(session.baseTree, tree, path)).patch;
      expect(await patch('le.txt')).toBe(
        'diff --git a/le.txt b/le.txt\n--- a/le.txt\n+++ b/le.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n',
      );
      expect(await patch('be.txt')).toContain(' two\r\n+three\r\n');
      expect(await patch('gone.txt')).toContain('+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n');
      expect(await patch('new.txt')).toContain('@@ -0,0 +1 @@\n+new\n');
      expect(await patch('some folder/a.bare')).toContain(' one\n-two\n+TWO\n');
      expect(await patch('b.sjis')).toContain(' 日本\n+語\n');
      expect(await patch('logo.png')).toBe('');
      expect(await readdir(session.historyGit)).not.toContainEqual(expect.stringContaining('scratch'));
    });

    test('stays binary where the bytes are not valid, or too many, or in another encoding than before', async () => {
      const session = await histories.openHistory({
        'cut.txt': le('one\n'),
        'long.txt': le('one\n'),
        'moved.txt': le('one\n'),
        'plain.odd': 'one\n',
      });
      const ran = join(session.historyGit, '..', 'ran');
      const drivers = `filter=x diff=x textconv=x merge=x working-tree-encoding=!touch\t${ran}`;
      await session.write('.gitattributes', `* ${drivers}\n*.odd working-tree-encoding="; touch ${ran}\n`);
      await session.write('cut.txt', le('one\ntwo\n').subarray(0, -1));
      await session.write('long.txt', le('line\n'.repeat(300)));
      await session.write('moved.txt', be('one\ntwo\n'));
      await session.write('plain.odd', 'two\n');
      histories.limits.decodedBytes = 2_000;
      const tree = await session.checkpoint();
      const diff = await session.diff(session.baseTree, tree);
      expect(summary(diff).toSorted()).toEqual([
        'added .gitattributes +2 -0',
        'modified cut.txt binary',
        'modified long.txt binary',
        'modified moved.txt binary',
        'modified plain.odd +1 -1',
      ]);
      for (const path of ['cut.txt', 'long.txt', 'moved.txt'])
        expect((await session.patch(session.baseTree, tree, path)).patch).toBe('');
      expect((await session.patch(session.baseTree, tree, 'plain.odd')).patch).toContain('-one\n+two\n');
      await expect(access(ran)).rejects.toThrow('ENOENT');
    });

    test('does without .gitattributes that lie deeper than a scratch folder can', async () => {
      const session = await histories.openHistory({ 'a.txt': 'one\n' });
      // The longest path that the system allows has 4,095 bytes.
      const room = 4_095 - session.at('.gitattributes').length;
      const folders = Math.floor((room - 2) / 100);
      const folder = `${'e'.repeat(room - 100 * folders - 1)}/${`${'d'.repeat(99)}/`.repeat(folders)}`;
      await session.write(`${folder}.gitattributes`, ATTRIBUTES);
      await session.write(`${folder}a.bare`, Buffer.from('one\n', 'utf16le'));
      const tree = await session.checkpoint();
      expect(summary(await session.diff(session.baseTree, tree)).toSorted()).toEqual([
        `added ${folder}.gitattributes +2 -0`,
        `added ${folder}a.bare binary`,
      ]);
      expect((await session.patch(session.baseTree, tree, `${folder}a.bare`)).patch).toBe('');
    });
  });

  test('represents even the oddest path as text', async () => {
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
    const session = await histories.openHistory(null);
    for (const [, name] of names) await session.write(name, 'x\n');
    const tree = await session.checkpoint();
    const diff = await session.diff(session.baseTree, tree);
    expect(diff.files.map(({ path }) => path).toSorted()).toEqual(names.map(([text]) => text).toSorted());
    for (const [text] of names) {
      expect((await session.patch(session.baseTree, tree, text)).patch).toMatch(/\n@@ -0,0 \+1 @@\n\+x\n$/);
    }
    // git can apply patches with our headers.
    const patches = await Promise.all(names.map(([text]) => session.patch(session.baseTree, tree, text)));
    const target = join(histories.root, 'patched');
    await mkdir(target);
    await writeFile(join(target, 'all.patch'), patches.map(({ patch }) => patch).join(''));
    await runGit(target, 'apply', '--unsafe-paths', 'all.patch');
    for (const [, name] of names) await access(Buffer.concat([Buffer.from(`${target}/`), name]));
  });

  test('lists what existed before, then new files, then generated ones, in pages', async () => {
    const session = await histories.openHistory({
      'src/zebra.js': '1\n',
      'package-lock.json': '{}\n',
      'keep.txt': '1\n',
    });
    for (let n = 0; n < 30; n++) await session.write(`node_modules/m${n}/index.js`, 'x\n');
    for (const name of ['a.txt', 'b.txt', 'c.txt']) await session.write(name, 'new\n');
    await session.write('src/zebra.js', '2\n');
    await session.write('package-lock.json', '[]\n');
    const tree = await session.checkpoint();
    const whole = await session.diff(session.baseTree, tree);
    expect(whole).toMatchObject({
      truncated: false,
      next_cursor: null,
      added_files: 3,
      stat: { files: 35, additions: 35, deletions: 2, generated: { files: 31, additions: 31, deletions: 1 } },
    });
    const paths = whole.files.map(({ path }) => path);
    expect(paths.slice(0, 4)).toEqual(['src/zebra.js', 'a.txt', 'b.txt', 'c.txt']);
    expect(paths).toContain('package-lock.json');

    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await session.diff(session.baseTree, tree, { limit: 3, ...(cursor && { cursor }) });
      expect(page.stat).toEqual(whole.stat);
      expect(page.truncated).toBe(page.next_cursor !== null);
      paged.push(...page.files.map(({ path }) => path));
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    expect(paged).toEqual(paths);

    const { next_cursor: foreign } = await session.diff(session.baseTree, tree, { limit: 3 });
    for (const wrong of ['x', `${foreign}0x`]) {
      await expect(session.diff(session.baseTree, tree, { cursor: wrong })).rejects.toMatchObject({
        code: 'invalid_cursor',
      });
    }
    await expect(session.diff(tree, session.baseTree, { cursor: foreign ?? '' })).rejects.toMatchObject({
      code: 'invalid_cursor',
    });
  });

  test('is truncated when it has too many files, as is a patch that is too long', async () => {
    const session = await histories.openHistory(null);
    Object.assign(histories.limits, { diffFiles: 2, patchBytes: 500 });
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

  /** A tree of empty files, made without a work tree. */
  function treeOfEmptyFiles(gitDir: string, count: number, prefix: string): string {
    const entry = (n: number) => `100644 blob ${EMPTY_BLOB}\t${prefix}${String(n).padStart(7, '0')}`;
    const input = Array.from({ length: count }, (_, n) => entry(n)).join('\n');
    return execFileSync('git', ['mktree'], { cwd: gitDir, input: `${input}\n` })
      .toString()
      .trim();
  }

  test('of hundreds of thousands of files takes bounded memory, however many are read', async () => {
    const session = await histories.openHistory(null);
    Object.assign(histories.limits, { diffFiles: 100, diffCacheBytes: 500_000 });
    const trees = Array.from({ length: 8 }, (_, n) =>
      treeOfEmptyFiles(session.historyGit, 20_000, `tree-${n}-`),
    );
    const read = async (tree: string) => {
      const diff = await session.diff(session.baseTree, tree);
      expect(diff).toMatchObject({ truncated: true, stat: { files: 20_000, additions: 0 } });
      expect(diff.files).toHaveLength(100);
    };
    await read(trees[0] ?? '');
    const before = memoryInUse();
    for (const tree of trees) await read(tree);
    // All lists together take more than 60 MB.
    expect(memoryInUse() - before).toBeLessThan(8_000_000);
    // A file beyond the page is found all the same.
    const { patch } = await session.patch(session.baseTree, trees[3] ?? '', 'tree-3-0019999');
    expect(patch).toContain('new file mode 100644');
  });

  test('that is too large to read in full says so, and lists what could be read', async () => {
    const session = await histories.openHistory({ 'a.txt': '1\n' });
    histories.limits.diffBytes = 200_000;
    const tree = treeOfEmptyFiles(session.historyGit, 20_000, 'file-');
    const { stat, files, truncated } = await session.diff(session.baseTree, tree);
    expect(truncated).toBe(true);
    expect(stat.incomplete).toBe(true);
    expect(stat.files).toBeLessThan(20_000);
    expect(files[0]).toMatchObject({ path: 'a.txt', status: 'deleted', additions: null, binary: false });
  });
});

const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';

/** Bytes on the heap and beside it, after a collection. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
