import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ArrowLeft, FileSearch, FolderOpen, Maximize2, Minimize2, RefreshCw, Search, X } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { useChangesLocation, useHideChanges, useShowFiles } from '../../entities/session/changes-location.js';
import { ChangesTabs } from '../../entities/session/changes-tabs.js';
import { cx } from '../../shared/lib/cx.js';
import { useElementWidth } from '../../shared/lib/use-element-width.js';
import { Button } from '../../shared/ui/button.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { folderQuery } from './api/get-files.js';
import { FileView } from './file-view.js';
import { FoldersTree } from './folders-tree.js';
import { SearchResults } from './search-results.js';

/** From this width on, in pixels, the tree is beside the file. */
const ROOM_FOR_BOTH = 720;

interface FilesPanelProps {
  session: Session;
  wide: boolean;
  onWide?: (wide: boolean) => void;
}

/**
 * All files of the session as they were when the panel was opened, or brought up to date. Where there is no room for both, the
 * list or the file is shown. The file is in the address.
 */
export function FilesPanel({ session, wide, onWide }: FilesPanelProps) {
  const { session_id: sessionId } = session;
  const { file } = useChangesLocation();
  const showFiles = useShowFiles();
  const hideChanges = useHideChanges();
  const [search, setSearch] = useState('');
  const applied = useDeferredValue(search.trim());
  const [line, setLine] = useState<number | null>(null);
  const [panel, width] = useElementWidth();
  const {
    data: now,
    error,
    refetch,
    isFetching,
  } = useInfiniteQuery(folderQuery(sessionId, undefined, undefined));
  const beside = width >= ROOM_FOR_BOTH;
  const open = (path: string, at: number | null = null) => {
    setLine(at);
    showFiles({ file: path });
  };

  return (
    <div ref={panel} className="flex h-full flex-col bg-background" aria-busy={isFetching}>
      <header className="flex min-h-11 flex-wrap items-center gap-x-1 gap-y-0.5 border-b px-2 py-1">
        <ChangesTabs shown="files" />
        <div className="ml-auto flex items-center gap-0.5">
          <IconButton
            label="Show the files as they are now"
            onClick={() => void refetch()}
            disabled={isFetching}
          >
            <RefreshCw className={cx(isFetching && 'animate-spin')} />
          </IconButton>
          {onWide && (
            <IconButton
              label={wide ? 'Show beside the conversation' : 'Use the full width'}
              onClick={() => onWide(!wide)}
            >
              {wide ? <Minimize2 /> : <Maximize2 />}
            </IconButton>
          )}
          <IconButton label="Close files" onClick={hideChanges}>
            <X />
          </IconButton>
        </div>
      </header>
      {error && !now && (
        <div className="p-4">
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        </div>
      )}
      {!now && !error && (
        <div className="flex flex-1 items-center justify-center text-muted-foreground">
          <Spinner label="Loading files" />
        </div>
      )}
      {now?.items.length === 0 && (
        <EmptyState icon={FolderOpen} title="No files yet" className="flex-1">
          Files appear here when Codex has made some.
        </EmptyState>
      )}
      {now && now.items.length > 0 && (
        <div className="flex min-h-0 flex-1">
          {(beside || !file) && (
            <div
              className={cx(
                'flex min-h-0 flex-col bg-sidebar/50',
                beside ? 'w-66 shrink-0 border-r' : 'min-w-0 flex-1',
              )}
            >
              <SearchBox search={search} onSearch={setSearch} />
              {applied ? (
                <SearchResults sessionId={sessionId} at={now.at} query={applied} shown={file} onOpen={open} />
              ) : (
                <FoldersTree sessionId={sessionId} at={now.at} shown={file} onOpen={open} />
              )}
            </div>
          )}
          {file ? (
            <div className="flex min-w-0 flex-1 flex-col">
              {!beside && (
                <Button variant="ghost" size="sm" className="m-1 self-start" onClick={() => showFiles()}>
                  <ArrowLeft /> All files
                </Button>
              )}
              <FileView key={`${now.at} ${file}`} sessionId={sessionId} at={now.at} path={file} line={line} />
            </div>
          ) : (
            beside && (
              <EmptyState icon={FileSearch} title="Choose a file" className="flex-1">
                Or search for a name or for a text in all files.
              </EmptyState>
            )
          )}
        </div>
      )}
    </div>
  );
}

const SearchBox = ({ search, onSearch }: { search: string; onSearch: (search: string) => void }) => (
  <label className="relative m-2 mb-1 flex items-center">
    <Search aria-hidden className="pointer-events-none absolute left-2 size-3.5 text-subtle-foreground" />
    <input
      type="search"
      aria-label="Search names and texts"
      placeholder="Search names and texts"
      maxLength={200}
      value={search}
      onChange={(event) => onSearch(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !search) return;
        event.stopPropagation();
        onSearch('');
      }}
      className="h-8 w-full rounded-md border border-input bg-card pr-2 pl-7 text-xs outline-none focus:border-ring pointer-coarse:h-11"
    />
  </label>
);
