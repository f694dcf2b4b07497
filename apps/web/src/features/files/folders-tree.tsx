import type { FileEntry } from '@saas-codex/contracts/files';
import { useInfiniteQuery } from '@tanstack/react-query';
import { File, FileSymlink, Folder, FolderGit2, FolderOpen } from 'lucide-react';
import { useState } from 'react';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { cx } from '../../shared/lib/cx.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { folderQuery } from './api/get-files.js';

interface TreeProps {
  sessionId: string;
  at: string;
  /** The file that is shown. */
  shown: string | undefined;
  onOpen: (path: string) => void;
}

/** The files as a tree. A folder is loaded when it is opened. */
export const FoldersTree = (props: TreeProps) => (
  <nav aria-label="Files" className="min-h-0 flex-1 overflow-y-auto p-1.5">
    <FolderContent {...props} folder={undefined} depth={0} />
  </nav>
);

const ROW =
  'flex h-7 w-full pointer-coarse:h-11 items-center gap-1.5 rounded-md pr-2 text-left text-xs hover:bg-hover';
const indent = (depth: number) => ({ paddingLeft: `${0.4 + depth * 0.85}rem` });

function FolderContent({
  folder,
  depth,
  ...tree
}: TreeProps & { folder: string | undefined; depth: number }) {
  const query = useInfiniteQuery(folderQuery(tree.sessionId, tree.at, folder));
  const { data, error, refetch } = query;
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} className="m-2" />;
  if (!data)
    return (
      <div aria-busy="true" style={indent(depth)} className="space-y-2.5 py-2">
        <span className="sr-only">Loading the folder</span>
        <Skeleton className="h-3 w-1/2" />
        <Skeleton className="h-3 w-2/3" />
      </div>
    );
  return (
    <ul>
      {data.items.map((entry) => (
        <li key={entry.path}>
          {entry.kind === 'folder' ? (
            <FolderRow entry={entry} depth={depth} {...tree} />
          ) : (
            <FileRow entry={entry} depth={depth} {...tree} />
          )}
        </li>
      ))}
      {query.hasNextPage && (
        <li style={indent(depth)} className="py-1">
          <Button size="sm" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchNextPageError ? 'Try again' : 'List more'}
          </Button>
        </li>
      )}
      {data.incomplete && !query.hasNextPage && (
        <li style={indent(depth)} className="py-1 text-2xs text-subtle-foreground">
          This folder has more files than can be listed. Search for a name.
        </li>
      )}
    </ul>
  );
}

interface RowProps extends TreeProps {
  entry: FileEntry;
  depth: number;
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

function FolderRow({ entry, depth, ...tree }: RowProps) {
  const [choice, setChoice] = useState<boolean | null>(null);
  // The way to the file that is shown is open.
  const open = choice ?? tree.shown?.startsWith(`${entry.path}/`) ?? false;
  const Icon = open ? FolderOpen : Folder;
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        title={withMarks(entry.path)}
        onClick={() => setChoice(!open)}
        style={indent(depth)}
        className={cx(ROW, 'text-muted-foreground')}
      >
        <Icon aria-hidden className="size-3.5 shrink-0" />
        <span className="min-w-0 truncate">
          <VisibleText>{nameOf(entry.path)}</VisibleText>
        </span>
      </button>
      {open && <FolderContent {...tree} folder={entry.path} depth={depth + 1} />}
    </>
  );
}

const ICON = 'size-3.5 shrink-0 text-subtle-foreground';

function KindIcon({ kind }: Pick<FileEntry, 'kind'>) {
  if (kind === 'submodule') return <FolderGit2 aria-hidden className={ICON} />;
  if (kind === 'link') return <FileSymlink aria-hidden className={ICON} />;
  return <File aria-hidden className={ICON} />;
}

function FileRow({ entry: { path, kind }, depth, shown, onOpen }: RowProps) {
  const isShown = path === shown;
  return (
    <button
      type="button"
      title={withMarks(path)}
      aria-current={isShown}
      disabled={kind === 'submodule'}
      onClick={() => onOpen(path)}
      style={indent(depth)}
      className={cx(ROW, isShown && 'bg-selected', 'disabled:opacity-60')}
    >
      <KindIcon kind={kind} />
      <span className="min-w-0 truncate">
        <VisibleText>{nameOf(path)}</VisibleText>
      </span>
      {kind === 'submodule' && <span className="ml-auto text-2xs text-subtle-foreground">submodule</span>}
    </button>
  );
}
