import { formatDuration, useSecondClock } from '../../shared/lib/time.js';

interface RunningLineProps {
  /** What is happening, in a word or two. */
  label: string;
  /** ISO time; null: it has not begun. */
  since: string | null;
}

/** The last line of a run in progress. */
export const RunningLine = ({ label, since }: RunningLineProps) => (
  <p className="flex h-7 items-center gap-2.5 text-sm">
    <span aria-hidden className="flex size-4 items-center justify-center">
      <span className="size-2 animate-pulse-soft rounded-full bg-accent" />
    </span>
    <span className="text-shimmer">{label}</span>
    {since && <Elapsed since={since} />}
  </p>
);

/** The seconds that pass since an ISO time. */
export function Elapsed({ since }: { since: string }) {
  const now = useSecondClock();
  return (
    <time className="shrink-0 text-xs text-subtle-foreground tabular-nums" aria-hidden>
      {formatDuration(now - Date.parse(since))}
    </time>
  );
}
