import type { DiffStat as Stat } from '@saas-codex/contracts/diffs';
import { cx } from '../lib/cx.js';

/** `+12 −3`; nothing if no lines changed. */
export function LineCounts({
  stat,
  className,
}: {
  stat: Pick<Stat, 'additions' | 'deletions'>;
  className?: string;
}) {
  if (stat.additions === 0 && stat.deletions === 0) return null;
  return (
    <span
      className={cx('inline-flex gap-1.5 text-2xs font-medium tabular-nums', className)}
      aria-label={`${stat.additions} lines added, ${stat.deletions} removed`}
      role="img"
    >
      {stat.additions > 0 && <span className="text-success">+{stat.additions.toLocaleString()}</span>}
      {stat.deletions > 0 && <span className="text-destructive">−{stat.deletions.toLocaleString()}</span>}
    </span>
  );
}
