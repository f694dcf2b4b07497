import { access, chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runGit, summary, startHistories } from '@saas-codex/testing/backend/history-fixture';

let histories: Awaited<ReturnType<typeof startHistories>>;
beforeAll(async () => (histories = await startHistories()));
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
});
