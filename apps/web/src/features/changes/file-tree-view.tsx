import { useState } from 'react';
import { FileStat, FileStatus } from '../../entities/session/changed-file.js';
import { useShowChanges } from '../../entities/session/changes-location.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { cx } from '../../shared/lib/cx.js';
import { LineCounts } from '../../shared/ui/line-counts.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { DisclosureArrow } from '../../shared/ui/disclosure.js';
import { type FileNode, type FolderNode, GENERATED_FOLDER, type TreeNode } from './file-tree.js';

interface FileTreeProps {
  nodes: readonly TreeNode[];
  /** true: beside the diffs; false: above them. */
  beside: boolean;
  /** The run whose changes are shown. */
  scope: string | undefined;
}

/** The changed files as a tree. Each file links to its diff. */
export const FileTree = ({ nodes, beside, scope }: FileTreeProps) => (
  <nav
    aria-label="Changed files"
    className={cx(
      'shrink-0 overflow-y-auto bg-sidebar/50 p-1.5',
      beside ? 'w-62 border-r' : 'max-h-[38%] border-b',
    )}
  >
    <Nodes nodes={nodes} depth={0} scope={scope} />
  </nav>
);

interface NodesProps {
  nodes: readonly TreeNode[];
  depth: number;
  scope: string | undefined;
}

const Nodes = ({ nodes, depth, scope }: NodesProps) => (
  <ul>
    {nodes.map((node) => (
      <li key={node.path}>
        {node.kind === 'folder' ? (
          <Folder node={node} depth={depth} scope={scope} />
        ) : (
          <FileLink node={node} depth={depth} scope={scope} />
        )}
      </li>
    ))}
  </ul>
);

const ROW =
  'flex h-6.5 w-full pointer-coarse:h-11 items-center gap-1.5 rounded-md pr-2 text-left text-xs hover:bg-hover';
const indent = (depth: number) => ({ paddingLeft: `${0.4 + depth * 0.75}rem` });

function Folder({ node, depth, scope }: { node: FolderNode; depth: number; scope: string | undefined }) {
  const [open, setOpen] = useState(node.path !== GENERATED_FOLDER);
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        style={indent(depth)}
        className={cx(ROW, 'text-muted-foreground')}
      >
        <DisclosureArrow open={open} className="size-3" />
        <span className="min-w-0 flex-1 truncate">
          <VisibleText>{node.name}</VisibleText>
        </span>
        {!open && <LineCounts stat={node} />}
      </button>
      {open && <Nodes nodes={node.children} depth={depth + 1} scope={scope} />}
    </>
  );
}

function FileLink({ node, depth, scope }: { node: FileNode; depth: number; scope: string | undefined }) {
  const showChanges = useShowChanges();
  const { status } = node.file;
  return (
    <button
      type="button"
      title={withMarks(node.path)}
      onClick={() => showChanges({ run: scope, file: node.path })}
      style={indent(depth)}
      className={ROW}
    >
      <FileStatus status={status} />
      <span className={cx('min-w-0 flex-1 truncate', status === 'deleted' && 'line-through opacity-70')}>
        <VisibleText>{node.name}</VisibleText>
      </span>
      <FileStat file={node.file} />
    </button>
  );
}
