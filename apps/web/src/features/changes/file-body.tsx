import type { DiffFile } from '@saas-codex/contracts/diffs';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Whitespace } from '../../entities/session/api/get-diff.js';
import { modeChange } from '../../entities/session/changed-file.js';
import { shareLinkOfPage } from '../../shared/api/shared-page.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { later } from '../../shared/ui/later.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { filePatchQuery } from '../../entities/session/api/get-file-patch.js';
import { useRevertLines } from './edits/use-revert-lines.js';
import { isImage } from '../../entities/session/image-files.js';
import { type DiffLayout, PatchView } from './patch-view.js';
import type { LineNote } from './use-line-notes.js';
import { useLineSelection } from './use-line-selection.js';
import { useLoadSides } from './use-load-sides.js';
import { useNearView } from './use-near-view.js';

const ImageDiff = later(async () => (await import('./image-diff.js')).ImageDiff);

/** Diffs of more changed lines than this wait for a click. */
const BIG = 1_500;
const LINE_HEIGHT = 20;
const MAX_GUESS = 600;

export interface FileBodyProps {
  sessionId: string;
  /** The trees that the list of files compares. */
  from: string;
  to: string;
  whitespace: Whitespace;
  file: DiffFile;
  layout: DiffLayout;
  notes: readonly LineNote[];
  renderNote: (note: LineNote) => ReactNode;
  mayComment: boolean;
}

/** The diff of a file, or the reason why it is not shown. */
export function FileBody(props: FileBodyProps) {
  const { binary, generated, additions, deletions } = props.file;
  const [wanted, setWanted] = useState(false);
  const changed = (additions ?? 0) + (deletions ?? 0);

  if (binary && isImage(props.file.path) && shareLinkOfPage() === undefined)
    return <ImageDiff sessionId={props.sessionId} from={props.from} to={props.to} file={props.file} />;
  if (binary) return <Note>Binary file, not shown</Note>;
  if (additions !== null && changed === 0) {
    const onlyWhitespace = props.whitespace === 'ignore' && props.file.status === 'modified';
    return <Note>{onlyWhitespace ? 'Only white space changed' : emptyReason(props.file)}</Note>;
  }
  if (!wanted && (generated || changed > BIG || additions === null)) {
    const reason = generated ? 'Generated file' : 'Large diff';
    const size = additions === null ? 'lines not counted' : `${changed.toLocaleString()} changed lines`;
    return (
      <Note>
        {reason}, {size}
        <Button size="sm" onClick={() => setWanted(true)}>
          Load diff
        </Button>
      </Note>
    );
  }
  return <Patch {...props} />;
}

function emptyReason(file: DiffFile): string {
  const { status, old_path: oldPath } = file;
  const mode = modeChange(file);
  if (mode) return `Only the mode of the file changed: ${mode}${executableNote(file)}`;
  if (status === 'renamed') return `Renamed from ${withMarks(oldPath ?? 'another path')} without changes`;
  if (status === 'type_changed') return 'Only the kind or mode of the file changed';
  return status === 'added' || status === 'deleted' ? 'Empty file' : 'No lines changed';
}

function executableNote({ old_mode: before = '', new_mode: after = '' }: DiffFile): string {
  if (after.endsWith('755') && before.endsWith('644')) return ', so it can be run now';
  return after.endsWith('644') && before.endsWith('755') ? ', so it cannot be run any more' : '';
}

function Patch({ sessionId, from, to, whitespace, file, layout, mayComment, ...notes }: FileBodyProps) {
  const onRevert = useRevertLines({ sessionId, from, to, file });
  const [ref, near] = useNearView();
  const { data, error, refetch } = useQuery({
    ...filePatchQuery(sessionId, { from, to, whitespace }, file.path),
    enabled: near,
    placeholderData: (previous) => previous,
  });
  const selection = useLineSelection({ sessionId, from, to, file, patch: data?.patch ?? '' }, mayComment);
  const loadSides = useLoadSides(sessionId, from, to, file);
  if (error && !data) return <ErrorNotice error={error} onRetry={() => void refetch()} className="m-3" />;
  return (
    <div ref={ref}>
      {data ? (
        <>
          <div data-patch={file.path}>
            <PatchView
              patch={data.patch}
              layout={layout}
              loadSides={data.truncated ? undefined : loadSides}
              selection={selection}
              // Without white space, a block that is shown may be a part of what the file has changed there.
              onRevert={whitespace === 'ignore' ? undefined : onRevert}
              {...notes}
            />
          </div>
          {data.truncated && <Note>The rest of this diff is too large to show</Note>}
        </>
      ) : (
        <PatchSkeleton lines={(file.additions ?? 0) + (file.deletions ?? 0) + 6} />
      )}
    </div>
  );
}

/** About as high as the diff will be, so that little moves when it has loaded. */
const PatchSkeleton = ({ lines }: { lines: number }) => (
  <div
    aria-busy="true"
    style={{ height: Math.min(lines * LINE_HEIGHT, MAX_GUESS) }}
    className="space-y-2.5 overflow-hidden p-3"
  >
    <span className="sr-only">Loading the diff</span>
    <Skeleton className="h-3 w-1/2" />
    <Skeleton className="h-3 w-4/5" />
    <Skeleton className="h-3 w-2/3" />
  </div>
);

const Note = ({ children }: { children: ReactNode }) => (
  <p className="flex flex-wrap items-center justify-center gap-3 px-4 py-5 text-xs text-muted-foreground">
    {children}
  </p>
);
