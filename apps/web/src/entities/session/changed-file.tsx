import type { DiffFile } from '@saas-codex/contracts/diffs';
import { inWords, lookUp } from '../../shared/lib/open-enums.js';
import { cx } from '../../shared/lib/cx.js';
import { LineCounts } from '../../shared/ui/line-counts.js';

const SIGNS: Partial<Record<DiffFile['status'], { letter: string; name: string; className: string }>> = {
  added: { letter: 'A', name: 'Added', className: 'text-success' },
  modified: { letter: 'M', name: 'Modified', className: 'text-warning' },
  deleted: { letter: 'D', name: 'Deleted', className: 'text-destructive' },
  renamed: { letter: 'R', name: 'Renamed', className: 'text-accent' },
  type_changed: { letter: 'T', name: 'Type changed', className: 'text-accent' },
};

/** What happened to a file, as git's letter. */
export function FileStatus({ status, className }: { status: DiffFile['status']; className?: string }) {
  const sign = lookUp(SIGNS, status) ?? {
    letter: '?',
    name: inWords(status),
    className: 'text-subtle-foreground',
  };
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

/** The number of changed lines of one file; nothing for a binary file, or while the file is not known. */
export const FileStat = ({ file }: { file: DiffFile | undefined }) =>
  file && <LineCounts stat={{ additions: file.additions ?? 0, deletions: file.deletions ?? 0 }} />;
