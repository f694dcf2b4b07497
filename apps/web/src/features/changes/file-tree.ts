import type { DiffFile } from '@saas-codex/contracts/diffs';

/** A folder or file in the tree of changed files, with the number of changed lines in it. */
export type TreeNode = FolderNode | FileNode;

export interface FolderNode {
  readonly kind: 'folder';
  /** The folder's name; with slashes if it stands for a chain of folders. */
  readonly name: string;
  readonly path: string;
  readonly additions: number;
  readonly deletions: number;
  readonly children: readonly TreeNode[];
}

export interface FileNode {
  readonly kind: 'file';
  readonly name: string;
  readonly path: string;
  readonly file: DiffFile;
}

interface Draft {
  folders: Map<string, Draft>;
  files: DiffFile[];
}

/** Folders first, then by name. A chain of folders with one entry each is one node (`src/features/runs`). */
export function fileTree(files: readonly DiffFile[]): TreeNode[] {
  const root: Draft = { folders: new Map(), files: [] };
  for (const file of files) {
    let folder = root;
    for (const name of file.path.split('/').slice(0, -1)) {
      const next = folder.folders.get(name) ?? { folders: new Map(), files: [] };
      folder.folders.set(name, next);
      folder = next;
    }
    folder.files.push(file);
  }
  return nodesOf(root, '');
}

/** The path of the node that holds all generated files. No file has it. */
export const GENERATED_FOLDER = '\0generated';

/** The tree of what people write, followed by one folder with what tools made. */
export function changesTree(files: readonly DiffFile[]): TreeNode[] {
  const written = fileTree(files.filter(({ generated }) => !generated));
  const generated = fileTree(files.filter((file) => file.generated));
  if (generated.length === 0) return written;
  return [...written, folderOf('Generated files', GENERATED_FOLDER, generated)];
}

const compare = new Intl.Collator('en', { numeric: true }).compare;
const byName = (a: TreeNode, b: TreeNode): number => compare(a.name, b.name);

function nodesOf(folder: Draft, prefix: string): TreeNode[] {
  const folders = [...folder.folders].map(([name, child]) => folderNode(name, child, prefix));
  const files = folder.files.map((file): FileNode => ({
    kind: 'file',
    name: baseName(file.path),
    path: file.path,
    file,
  }));
  return [...folders.toSorted(byName), ...files.toSorted(byName)];
}

function folderNode(name: string, folder: Draft, prefix: string): FolderNode {
  const path = prefix + name;
  const children = nodesOf(folder, `${path}/`);
  const only = children[0];
  if (children.length === 1 && only?.kind === 'folder') return { ...only, name: `${name}/${only.name}` };
  return folderOf(name, path, children);
}

function folderOf(name: string, path: string, children: readonly TreeNode[]): FolderNode {
  const sum = (key: 'additions' | 'deletions') =>
    children.reduce((total, node) => total + ((node.kind === 'file' ? node.file : node)[key] ?? 0), 0);
  return { kind: 'folder', name, path, additions: sum('additions'), deletions: sum('deletions'), children };
}

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The files in the order in which the tree shows them. */
export const filesInOrder = (nodes: readonly TreeNode[]): DiffFile[] =>
  nodes.flatMap((node) => (node.kind === 'file' ? [node.file] : filesInOrder(node.children)));

/** The files whose path contains all words of the filter, in any order and case. */
export function filterFiles(files: readonly DiffFile[], filter: string): readonly DiffFile[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return files;
  return files.filter(({ path }) => words.every((word) => path.toLowerCase().includes(word)));
}

/** A node as a line of the list. */
interface TreeRow {
  readonly node: TreeNode;
  readonly depth: number;
}

/** The nodes in view, from top to bottom. @param closed paths of folders whose content is not shown */
export const treeRows = (nodes: readonly TreeNode[], closed: ReadonlySet<string>, depth = 0): TreeRow[] =>
  nodes.flatMap((node) => [
    { node, depth },
    ...(node.kind === 'folder' && !closed.has(node.path) ? treeRows(node.children, closed, depth + 1) : []),
  ]);
