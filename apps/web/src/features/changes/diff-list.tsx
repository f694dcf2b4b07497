import { Virtualizer } from '@pierre/diffs/react';
import type { Diff, DiffFile } from '@saas-codex/contracts/diffs';
import { useChangesShownAt } from '../../entities/session/changes-location.js';
import { FileCard } from './file-card.js';
import type { DiffLayout } from './patch-view.js';

interface DiffListProps {
  sessionId: string;
  diff: Diff;
  /** The files of the diff that are shown, in order. */
  files: readonly DiffFile[];
  /** The file to scroll to. */
  focus: string | undefined;
  layout: DiffLayout;
}

/**
 * All files, one below the other. A file loads its patch when it is near the view, and draws only the lines in view.
 */
export function DiffList({ sessionId, diff, files, focus, layout }: DiffListProps) {
  const shownAt = useChangesShownAt();
  return (
    <Virtualizer
      className="min-h-0 min-w-0 flex-1 overflow-y-auto overscroll-contain"
      contentClassName="space-y-3 p-3 pb-24"
    >
      {files.map((file) => (
        <FileCard
          key={file.path}
          sessionId={sessionId}
          from={diff.from}
          to={diff.to}
          file={file}
          focusedAt={file.path === focus ? shownAt : null}
          layout={layout}
        />
      ))}
      {diff.truncated && (
        <p className="px-1 py-2 text-center text-xs text-subtle-foreground">
          There are too many changed files to list them all. Use git in a clone of the repository to see the
          rest.
        </p>
      )}
    </Virtualizer>
  );
}
