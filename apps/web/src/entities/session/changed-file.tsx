import type { DiffFile, DiffStat } from '@saas-codex/contracts/diffs';
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

/** The number of files and changed lines that people wrote; generated ones are counted apart. */
export function StatSummary({ stat, verb }: { stat: DiffStat; verb?: string }) {
  const { generated } = stat;
  const written = {
    files: stat.files - (generated?.files ?? 0),
    additions: stat.additions - (generated?.additions ?? 0),
    deletions: stat.deletions - (generated?.deletions ?? 0),
  };
  const more = stat.incomplete ? '+' : '';
  return (
    <>
      <span className="whitespace-nowrap">
        {written.files.toLocaleString()}
        {more} {written.files === 1 && !more ? 'file' : 'files'}
        {verb && ` ${verb}`}
      </span>
      <LineCounts stat={written} />
      {generated && (
        <span
          className="text-xs font-normal whitespace-nowrap text-subtle-foreground"
          title={`${generated.additions.toLocaleString()} lines added, ${generated.deletions.toLocaleString()} removed`}
        >
          {generated.files.toLocaleString()}
          {more} generated
        </span>
      )}
    </>
  );
}

/** The files that a reader wants to see first: those that people write, with the most changed lines. */
export const mostRelevant = (files: readonly DiffFile[], count: number): DiffFile[] =>
  files.toSorted((a, b) => relevance(b) - relevance(a)).slice(0, count);

const GENERATED = -2e9;
const BINARY = -1e9;
const relevance = ({ generated, binary, additions, deletions }: DiffFile): number =>
  (additions ?? 0) + (deletions ?? 0) + (generated ? GENERATED : binary ? BINARY : 0);

/** How the file's mode changed, as `644 → 755`; null: it did not. */
export function modeChange({ status, old_mode: before, new_mode: after }: DiffFile): string | null {
  if (!before || !after || before === after || status === 'type_changed') return null;
  return `${before.slice(-3)} → ${after.slice(-3)}`;
}
