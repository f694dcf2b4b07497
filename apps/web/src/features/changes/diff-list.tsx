import { Virtualizer } from '@pierre/diffs/react';
import type { Diff, DiffFile } from '@saas-codex/contracts/diffs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useCallback } from 'react';
import type { Whitespace } from '../../entities/session/api/get-diff.js';
import { useChangesShownAt } from '../../entities/session/changes-location.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { Button } from '../../shared/ui/button.js';
import { NearCard } from './near-card.js';
import { later } from '../../shared/ui/later.js';
import type { DiffLayout } from './patch-view.js';
import { useLineKeys } from './use-line-selection.js';
import { type LineNote, useLineNotes } from './use-line-notes.js';
import type { Review } from './review/review-progress.js';
import { CHANGES_LIST } from './review/use-review-keys.js';

/** Few diffs have notes. */
const LineNoteView = later(async () => (await import('./line-note-view.js')).LineNoteView);

interface DiffListProps {
  session: Session;
  diff: Diff;
  /** The files of the diff that are shown, in order. */
  files: readonly DiffFile[];
  /** The file to scroll to. */
  focus: string | undefined;
  layout: DiffLayout;
  whitespace: Whitespace;
  review: Review;
  query: {
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    isFetchNextPageError: boolean;
    fetchNextPage: () => unknown;
  };
}

/**
 * All files, one below the other. A file loads its patch when it is near the view, and draws only the lines in view.
 */
export function DiffList({ session, diff, files, focus, query, review, ...options }: DiffListProps) {
  const shownAt = useChangesShownAt();
  const notesOf = useLineNotes(session, diff);
  const mayComment = usePermission('comments:write');
  useLineKeys(session.session_id, diff, options.whitespace, mayComment);
  const { from, to } = diff;
  const renderNote = useCallback(
    (note: LineNote) => <LineNoteView note={note} session={session} tree={note.side === 'old' ? from : to} />,
    [session, from, to],
  );
  return (
    <div ref={nameScroller} className="contents">
      <Virtualizer
        className="min-h-0 min-w-0 flex-1 overflow-y-auto overscroll-contain"
        contentClassName="space-y-3 p-3 pb-24"
      >
        {files.map((file) => (
          <NearCard
            key={file.path}
            sessionId={session.session_id}
            from={diff.from}
            to={diff.to}
            file={file}
            focusedAt={file.path === focus ? shownAt : null}
            notes={notesOf(file)}
            renderNote={renderNote}
            mayComment={mayComment}
            {...options}
            viewed={review.isViewed(file)}
            onViewed={review.progress ? review.setViewed : undefined}
          />
        ))}
        {query.hasNextPage && (
          <p className="flex items-center justify-center gap-3 px-1 py-2 text-xs text-subtle-foreground">
            {diff.files.length.toLocaleString()} of {diff.stat.files.toLocaleString()} files are listed
            <Button size="sm" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {query.isFetchNextPageError ? 'Try again' : 'List more'}
            </Button>
          </p>
        )}
        {diff.stat.incomplete && (
          <p className="px-1 py-2 text-center text-xs text-subtle-foreground">
            These changes are too large to read in full, so files and lines are missing here. Look at a single
            prompt, or use git in a clone of the repository.
          </p>
        )}
      </Virtualizer>
    </div>
  );
}

/** Lets the keyboard scroll the list. The viewer makes that element itself and takes no attributes for it. */
function nameScroller(parent: HTMLElement | null): void {
  const scroller = parent?.firstElementChild;
  if (!(scroller instanceof HTMLElement)) return;
  scroller.id = CHANGES_LIST;
  scroller.tabIndex = 0;
  scroller.role = 'region';
  scroller.ariaLabel = 'Changes, file by file';
}
