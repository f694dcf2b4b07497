import { type IgnoredEntry, MAX_DOWNLOAD } from '@saas-codex/contracts/ignored-files';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ArrowLeft, Download, FileText, Folder } from 'lucide-react';
import { useState } from 'react';
import { inBytes } from '../../../shared/lib/bytes.js';
import { withMarks } from '../../../shared/lib/hidden-characters.js';
import { Button } from '../../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../../shared/ui/dialog.js';
import { ErrorNotice } from '../../../shared/ui/error-notice.js';
import { LoadMore } from '../../../shared/ui/load-more.js';
import { scrollable } from '../../../shared/ui/scroller.js';
import { Spinner } from '../../../shared/ui/spinner.js';
import { VisibleText } from '../../../shared/ui/visible-text.js';
import { ignoredArchiveUrl, ignoredFilesQuery, ignoredFileUrl } from '../api/get-leftovers.js';

const isTooLarge = ({ files, bytes }: { files: number; bytes: number }) =>
  files > MAX_DOWNLOAD.files || bytes > MAX_DOWNLOAD.bytes;

/** The files that git ignores, folder by folder, to download one, a folder or all of them. */
export function IgnoredFilesDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const [folders, setFolders] = useState<readonly string[]>([]);
  const folder = folders.at(-1);
  const query = useInfiniteQuery(ignoredFilesQuery(session, folder));
  const { data, error, refetch } = query;

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Ignored files"
      description="Git ignores these files, so they are in no diff. They are listed as they are now."
      size="xl"
    >
      {folder !== undefined && (
        <Button
          size="sm"
          variant="ghost"
          className="mt-2 max-w-full"
          onClick={() => setFolders(folders.slice(0, -1))}
        >
          <ArrowLeft aria-hidden />
          <span className="truncate font-mono">
            <VisibleText>{folder}</VisibleText>
          </span>
        </Button>
      )}
      {error && !data && <ErrorNotice error={error} onRetry={() => void refetch()} className="mt-3" />}
      {!data && !error && (
        <p className="mt-4 flex justify-center">
          <Spinner label="Loading ignored files" />
        </p>
      )}
      {data && (
        <div {...scrollable('Ignored files')} className="mt-3 max-h-[38vh] overflow-y-auto">
          <ul>
            {data.items.map((entry) => (
              <Entry
                key={entry.path}
                sessionId={session.session_id}
                entry={entry}
                below={folder}
                onOpen={() => setFolders([...folders, entry.path])}
              />
            ))}
          </ul>
          <LoadMore query={query} />
        </div>
      )}
      {data?.incomplete && (
        <p className="mt-2 text-xs text-muted-foreground">
          There are more files than can be counted, or some cannot be read.
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        {data && data.files > 0 && !isTooLarge(data) && (
          <Button asChild variant="primary">
            <a href={ignoredArchiveUrl(session.session_id, folder)} download>
              <Download aria-hidden />
              {folder === undefined ? 'Download all' : 'Download folder'}
            </a>
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

interface EntryProps {
  sessionId: string;
  entry: IgnoredEntry;
  /** The folder that is listed. */
  below: string | undefined;
  onOpen: () => void;
}

function Entry({ sessionId, entry, below, onOpen }: EntryProps) {
  const isFolder = entry.kind === 'folder';
  const name =
    below === undefined || !entry.path.startsWith(`${below}/`)
      ? entry.path
      : entry.path.slice(below.length + 1);
  const url = isFolder ? ignoredArchiveUrl(sessionId, entry.path) : ignoredFileUrl(sessionId, entry.path);
  const label = (
    <span className="min-w-0 flex-1 truncate font-mono" title={withMarks(entry.path)}>
      <VisibleText>{name}</VisibleText>
    </span>
  );
  const row = 'flex min-w-0 flex-1 items-center gap-2 text-left text-xs [&_svg]:size-3.5 [&_svg]:shrink-0';
  return (
    <li className="flex min-h-8 items-center gap-2 rounded-md px-1 hover:bg-hover pointer-coarse:min-h-11">
      {isFolder ? (
        <button type="button" className={`${row} min-h-8 pointer-coarse:min-h-11`} onClick={onOpen}>
          <Folder aria-hidden />
          {label}
        </button>
      ) : (
        <span className={row}>
          <FileText aria-hidden />
          {label}
        </span>
      )}
      <span className="text-xs whitespace-nowrap text-muted-foreground">
        {isFolder && `${entry.files.toLocaleString('en')} ${entry.files === 1 ? 'file' : 'files'}, `}
        {inBytes(entry.bytes)}
      </span>
      {isTooLarge(entry) ? (
        <span className="text-xs text-subtle-foreground">Too large</span>
      ) : (
        <a
          href={url}
          download
          aria-label={`Download ${withMarks(entry.path)}`}
          className="inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted-foreground hover:text-foreground pointer-coarse:size-11"
        >
          <Download aria-hidden className="size-4" />
        </a>
      )}
    </li>
  );
}
