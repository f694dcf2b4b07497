import type { DiffFile } from '@saas-codex/contracts/diffs';
import { cx } from '../../shared/lib/cx.js';

const SIGNS: Partial<Record<DiffFile['status'], { letter: string; name: string; className: string }>> = {
  added: { letter: 'A', name: 'Added', className: 'text-success' },
  modified: { letter: 'M', name: 'Modified', className: 'text-warning' },
  deleted: { letter: 'D', name: 'Deleted', className: 'text-destructive' },
  renamed: { letter: 'R', name: 'Renamed', className: 'text-accent' },
  type_changed: { letter: 'T', name: 'Type changed', className: 'text-accent' },
};

/** What happened to a file, as git's letter. */
export function FileStatus({ status, className }: { status: DiffFile['status']; className?: string }) {
  const sign = SIGNS[status] ?? { letter: '?', name: status, className: 'text-muted-foreground' };
  return (
    <span
      role="img"
      aria-label={sign.name}
      title={sign.name}
      className={cx('w-3 shrink-0 text-center font-mono text-2xs font-semibold', sign.className, className)}
    >
      {sign.letter}
    </span>
  );
}
