import type { DiffFile } from '@saas-codex/contracts/diffs';
import { memo, useEffect, useId, useRef, useState } from 'react';
import { FileStat, FileStatus } from '../../entities/session/changed-file.js';
import { cx } from '../../shared/lib/cx.js';
import { Badge } from '../../shared/ui/badge.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { DisclosureArrow } from '../../shared/ui/disclosure.js';
import { FileBody, type FileBodyProps } from './file-body.js';
import { baseName } from './file-tree.js';

interface FileCardProps extends FileBodyProps {
  /** When the reader asked for this file; null: they asked for another one, or for none. */
  focusedAt: number | null;
}

/** One changed file: a header that stays visible, and its diff. */
export const FileCard = memo(({ focusedAt, ...props }: FileCardProps) => {
  const { file } = props;
  const [open, setOpen] = useState(true);
  const card = useRef<HTMLElement>(null);
  const body = useId();
  const [openedFor, setOpenedFor] = useState(focusedAt);
  if (focusedAt !== openedFor) {
    setOpenedFor(focusedAt);
    if (focusedAt !== null) setOpen(true);
  }
  useEffect(() => {
    if (focusedAt === null) return;
    card.current?.scrollIntoView({ block: 'start' });
    card.current?.animate(
      [{ outline: '2px solid var(--ring)' }, { outline: '2px solid transparent' }],
      1_500,
    );
  }, [focusedAt]);

  return (
    <section ref={card} aria-label={file.path} className="scroll-mt-3 rounded-lg border bg-card">
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
          onClick={() => setOpen(!open)}
          className="flex h-7 min-w-0 flex-1 items-center gap-2 rounded-md px-1 text-left text-xs hover:bg-hover"
        >
          <DisclosureArrow open={open} className="size-3.5 text-subtle-foreground" />
          <FileStatus status={file.status} />
          <FilePath file={file} />
          {file.generated && <Badge>generated</Badge>}
        </button>
        <FileStat file={file} />
        <CopyButton text={file.path} label="Copy path" />
      </header>
      {open && (
        <div id={body} className="overflow-hidden rounded-b-lg">
          <FileBody {...props} />
        </div>
      )}
    </section>
  );
});

/** The full name; of the folders as much as fits, the nearest ones first. */
function FilePath({ file: { path, old_path: oldPath } }: { file: DiffFile }) {
  const name = baseName(path);
  const folder = path.slice(0, -name.length);
  return (
    <span className="flex min-w-0 font-mono" title={oldPath ? `${oldPath} → ${path}` : path}>
      {oldPath && <span className="truncate text-subtle-foreground">{oldPath}&nbsp;→&nbsp;</span>}
      <span dir="rtl" className="truncate text-subtle-foreground">
        <bdi>{folder}</bdi>
      </span>
      <span className="shrink-0 font-medium">{name}</span>
    </span>
  );
}
