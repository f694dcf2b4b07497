import type { DiffFile } from '@saas-codex/contracts/diffs';
import {
  changesTree,
  filesInOrder,
  fileTree,
  filterFiles,
  type TreeNode,
  treeRows,
} from '../../../src/features/changes/file-tree.js';

const file = (path: string, additions: number | null = 1, deletions: number | null = 0): DiffFile => ({
  path,
  old_path: null,
  status: 'modified',
  additions,
  deletions,
  binary: additions === null,
  generated: false,
});

const outline = (nodes: readonly TreeNode[]): unknown[] =>
  nodes.map((node) => (node.kind === 'file' ? node.name : { [node.name]: outline(node.children) }));

describe('fileTree', () => {
  it('puts folders first, sorts names with numbers, and joins chains of folders', () => {
    const tree = fileTree(
      ['z.md', 'src/a/b/two.ts', 'src/a/b/one.ts', 'src/a10.ts', 'src/a9.ts', 'docs/x/y.md'].map((path) =>
        file(path),
      ),
    );
    expect(outline(tree)).toEqual([
      { 'docs/x': ['y.md'] },
      { src: [{ 'a/b': ['one.ts', 'two.ts'] }, 'a9.ts', 'a10.ts'] },
      'z.md',
    ]);
  });

  it('sums the changed lines in a folder and counts no lines for a binary file', () => {
    const tree = fileTree([
      file('src/a.ts', 3, 1),
      file('src/deep/b.ts', 4, 2),
      file('src/c.png', null, null),
    ]);
    expect(tree[0]).toMatchObject({ path: 'src', additions: 7, deletions: 3 });
  });

  it('keeps the full path of joined folders', () => {
    expect(fileTree([file('a/b/c/d.ts')])[0]).toMatchObject({ name: 'a/b/c', path: 'a/b/c' });
  });

  it('lists files in the order of the tree', () => {
    const tree = fileTree([file('b.ts'), file('a/z.ts')]);
    expect(filesInOrder(tree).map(({ path }) => path)).toEqual(['a/z.ts', 'b.ts']);
  });
});

describe('filterFiles', () => {
  const files = [file('src/Runs/run-list.ts'), file('docs/runs.md')];
  it.each([
    ['', 2],
    ['runs', 2],
    ['ts RUN-', 1],
    ['nothing', 0],
  ])('%j', (filter, count) => expect(filterFiles(files, filter)).toHaveLength(count));
});

describe('changesTree', () => {
  it('puts generated files into a folder of their own, at the end', () => {
    const generated = { ...file('aa/package-lock.json', 700), generated: true };
    const tree = changesTree([generated, file('src/app.ts')]);
    expect(outline(tree)).toEqual([
      { src: ['app.ts'] },
      { 'Generated files': [{ aa: ['package-lock.json'] }] },
    ]);
    expect(filesInOrder(tree).map(({ path }) => path)).toEqual(['src/app.ts', 'aa/package-lock.json']);
    expect(tree.at(-1)).toMatchObject({ additions: 700, deletions: 0 });
  });
});

describe('treeRows', () => {
  it('lists nodes from top to bottom, without what is in closed folders', () => {
    const tree = fileTree(['src/a/one.ts', 'src/b/two.ts', 'z.md'].map((path) => file(path)));
    const rows = (closed: string[]) =>
      treeRows(tree, new Set(closed)).map(({ node, depth }) => `${depth} ${node.path}`);
    expect(rows([])).toEqual(['0 src', '1 src/a', '2 src/a/one.ts', '1 src/b', '2 src/b/two.ts', '0 z.md']);
    expect(rows(['src/a'])).toEqual(['0 src', '1 src/a', '1 src/b', '2 src/b/two.ts', '0 z.md']);
    expect(rows(['src', 'src/a'])).toEqual(['0 src', '0 z.md']);
  });
});
