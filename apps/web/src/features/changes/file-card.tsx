import type { DiffFile } from '@saas-codex/contracts/diffs';
import { memo, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { FileStat, FileStatus, modeChange } from '../../entities/session/changed-file.js';
import { withMarks } from '../../shared/lib/hidden-characters.js';
import { cx } from '../../shared/lib/cx.js';
import { Badge } from '../../shared/ui/badge.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { DisclosureArrow } from '../../shared/ui/disclosure.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { FileMenu } from './edits/file-menu.js';
import { FileBody, type FileBodyProps } from './file-body.js';
import { baseName } from './file-tree.js';
import { SCROLLER } from './use-near-view.js';

export interface FileCardProps extends FileBodyProps {
  /** The reader has marked this content of the file as viewed. */
  viewed: boolean;
  /** Without it, nothing can be marked. */
  onViewed: ((file: DiffFile, viewed: boolean) => void) | undefined;
  /** When the reader asked for this file; null: they asked for another one, or for none. */
  focusedAt: number | null;
}

/** One changed file: a header that stays visible, and its diff. */
export const FileCard = memo(({ focusedAt, viewed, onViewed, ...props }: FileCardProps) => {
  const { file } = props;
  const mode = modeChange(file);
  const [choice, setChoice] = useState<boolean | null>(null);
  const open = choice ?? !viewed;
  const card = useRef<HTMLElement>(null);
  const body = useId();
  const [openedFor, setOpenedFor] = useState(focusedAt);
  if (focusedAt !== openedFor) {
    setOpenedFor(focusedAt);
    if (focusedAt !== null && !viewed) setChoice(null);
  }
  const [viewedBefore, setViewedBefore] = useState(viewed);
  if (viewed !== viewedBefore) {
    setViewedBefore(viewed);
    setChoice(null);
  }
  // A card that folds while its top is above the view would leave the reader somewhere below it.
  const shownAsViewed = useRef(viewed);
  useLayoutEffect(() => {
    if (viewed && !shownAsViewed.current && card.current) scrollBackTo(card.current);
    shownAsViewed.current = viewed;
  }, [viewed]);
  useEffect(() => {
    if (focusedAt === null || !card.current) return;
    card.current.animate([{ outline: '2px solid var(--ring)' }, { outline: '2px solid transparent' }], 1_500);
    return keepInView(card.current);
  }, [focusedAt]);

  return (
    <section
      ref={card}
      data-path={file.path}
      aria-label={withMarks(file.path)}
      className="rounded-lg border bg-card"
    >
      <header
        className={cx(
          'sticky top-0 z-10 flex h-9.5 items-center gap-2 rounded-t-lg bg-card pr-1.5 pl-1.5',
          open ? 'border-b' : 'rounded-b-lg',
        )}
      >
        <button
          type="button"
          aria-expanded={open}
          aria-controls={body}
          onClick={() => setChoice(!open)}
          className="flex h-7 pointer-coarse:h-11 min-w-0 flex-1 items-center gap-2 rounded-md px-1 text-left text-xs hover:bg-hover"
        >
          <DisclosureArrow open={open} className="size-3.5 text-subtle-foreground" />
          <FileStatus status={file.status} />
          <FilePath file={file} />
          {file.generated && <Badge>generated</Badge>}
          {mode && <Badge title="The file's mode changed">{mode}</Badge>}
        </button>
        <FileStat file={file} />
        {onViewed && <ViewedBox viewed={viewed} onChange={(wanted) => onViewed(file, wanted)} />}
        <CopyButton text={file.path} label="Copy path" />
        <FileMenu sessionId={props.sessionId} from={props.from} to={props.to} file={file} />
      </header>
      {open && (
        <div id={body} className="overflow-hidden rounded-b-lg">
          <FileBody {...props} />
        </div>
      )}
    </section>
  );
});

const ViewedBox = ({ viewed, onChange }: { viewed: boolean; onChange: (viewed: boolean) => void }) => (
  <label className="flex h-7 shrink-0 cursor-pointer items-center gap-1.5 rounded-md px-1.5 text-xs text-muted-foreground hover:bg-hover pointer-coarse:h-11">
    <input
      type="checkbox"
      checked={viewed}
      aria-keyshortcuts="v"
      onChange={(event) => onChange(event.target.checked)}
      className="size-3.5 accent-accent"
    />
    Viewed
  </label>
);

function scrollBackTo(card: HTMLElement): void {
  const scroller = card.closest(SCROLLER);
  if (!scroller) return;
  const above = card.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  if (above < 0) scroller.scrollBy({ top: above - SPACE_ABOVE });
}

/** The space above a card that was scrolled to, in pixels. */
const SPACE_ABOVE = 12;

/**
 * Scrolls to a card, and again whenever diffs above it have loaded, until the reader does something. Scrolls the list only:
 * `scrollIntoView` would move everything around it as well, the page included.
 * @returns ends it
 */
function keepInView(card: HTMLElement): () => void {
  const scroller = card.closest(SCROLLER);
  const content = scroller?.firstElementChild;
  if (!scroller || !content) return () => undefined;
  const observer = new ResizeObserver(() => {
    const distance = card.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    scroller.scrollBy({ top: distance - SPACE_ABOVE });
  });
  observer.observe(content);
  const end = new AbortController();
  const { signal } = end;
  signal.addEventListener('abort', () => observer.disconnect());
  for (const action of ['wheel', 'touchmove', 'pointerdown', 'keydown'])
    window.addEventListener(action, () => end.abort(), { signal, passive: true });
  return () => end.abort();
}

/** The name, in full if it fits; of the folders as much as fits beside it, the nearest ones first. */
function FilePath({ file: { path, old_path: oldPath } }: { file: DiffFile }) {
  const name = baseName(path);
  const folder = path.slice(0, -name.length);
  return (
    <span className="flex min-w-0 font-mono" title={withMarks(oldPath ? `${oldPath} → ${path}` : path)}>
      {oldPath && (
        <span className="truncate text-subtle-foreground">
          <VisibleText>{oldPath}</VisibleText>&nbsp;→&nbsp;
        </span>
      )}
      <span dir="rtl" className="shrink-[999] truncate text-subtle-foreground">
        <bdi>
          <VisibleText>{folder}</VisibleText>
        </bdi>
      </span>
      <span className="truncate font-medium">
        <VisibleText>{name}</VisibleText>
      </span>
    </span>
  );
}
