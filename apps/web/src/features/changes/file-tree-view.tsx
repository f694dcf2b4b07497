import type { DiffFile } from '@saas-codex/contracts/diffs';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Check } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { FileStat, FileStatus } from '../../entities/session/changed-file.js';
import { type ChangesTarget, useShowChanges } from '../../entities/session/changes-location.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { cx } from '../../shared/lib/cx.js';
import { useMediaQuery } from '../../shared/lib/use-media-query.js';
import { LineCounts } from '../../shared/ui/line-counts.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { DisclosureArrow } from '../../shared/ui/disclosure.js';
import { type FileNode, type FolderNode, GENERATED_FOLDER, type TreeNode, treeRows } from './file-tree.js';

/** The heights of a row, in pixels: for a mouse, for a finger. */
const ROW_HEIGHT = { fine: 26, coarse: 44 };
/** Up to this number, all rows are on the page. */
const ALL_ROWS = 400;

interface FileTreeProps {
  nodes: readonly TreeNode[];
  /** true: beside the diffs; false: above them. */
  beside: boolean;
  scope: ChangesTarget;
  isViewed: (file: DiffFile) => boolean;
}

/** The changed files as a tree. Each file links to its diff. Of very many, only those in view are on the page. */
export function FileTree({ nodes, beside, scope, isViewed }: FileTreeProps) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => new Set([GENERATED_FOLDER]));
  const rows = useMemo(() => treeRows(nodes, closed), [nodes, closed]);
  const scroller = useRef<HTMLElement>(null);
  const coarse = useMediaQuery('(pointer: coarse)');
  const height = coarse ? ROW_HEIGHT.coarse : ROW_HEIGHT.fine;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: rows.length <= ALL_ROWS ? rows.length : 20,
  });
  const toggle = (path: string) => {
    const next = new Set(closed);
    if (!next.delete(path)) next.add(path);
    setClosed(next);
  };
  return (
    <nav
      ref={scroller}
      aria-label="Changed files"
      className={cx(
        'shrink-0 overflow-y-auto bg-sidebar/50 p-1.5',
        beside ? 'w-62 border-r' : 'max-h-[38%] border-b',
      )}
    >
      <ul className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const { node, depth } = row;
          return (
            <li
              key={node.path}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${start}px)`, height }}
            >
              {node.kind === 'folder' ? (
                <Folder
                  node={node}
                  depth={depth}
                  open={!closed.has(node.path)}
                  onToggle={() => toggle(node.path)}
                />
              ) : (
                <FileLink node={node} depth={depth} scope={scope} viewed={isViewed(node.file)} />
              )}
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

const ROW = 'flex h-full w-full items-center gap-1.5 rounded-md pr-2 text-left text-xs hover:bg-hover';
const indent = (depth: number) => ({ paddingLeft: `${0.4 + depth * 0.75}rem` });

interface FolderProps {
  node: FolderNode;
  depth: number;
  open: boolean;
  onToggle: () => void;
}

const Folder = ({ node, depth, open, onToggle }: FolderProps) => (
  <button
    type="button"
    aria-expanded={open}
    onClick={onToggle}
    style={indent(depth)}
    className={cx(ROW, 'text-muted-foreground')}
  >
    <DisclosureArrow open={open} className="size-3" />
    <span className="min-w-0 flex-1 truncate">
      <VisibleText>{node.name}</VisibleText>
    </span>
    {!open && <LineCounts stat={node} />}
  </button>
);

interface FileLinkProps {
  node: FileNode;
  depth: number;
  scope: ChangesTarget;
  viewed: boolean;
}

function FileLink({ node, depth, scope, viewed }: FileLinkProps) {
  const showChanges = useShowChanges();
  const { status } = node.file;
  return (
    <button
      type="button"
      title={withMarks(node.path)}
      onClick={() => showChanges({ ...scope, file: node.path })}
      style={indent(depth)}
      className={ROW}
    >
      <FileStatus status={status} />
      <span
        className={cx(
          'min-w-0 flex-1 truncate',
          status === 'deleted' && 'line-through opacity-70',
          viewed && 'text-muted-foreground',
        )}
      >
        <VisibleText>{node.name}</VisibleText>
      </span>
      {viewed ? (
        <Check aria-label="Viewed" role="img" className="size-3.5 shrink-0 text-success" />
      ) : (
        <FileStat file={node.file} />
      )}
    </button>
  );
}
