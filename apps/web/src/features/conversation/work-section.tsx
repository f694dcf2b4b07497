import type { RunEndStatus } from '../../entities/timeline/run-timeline.js';
import { formatDuration } from '../../shared/lib/time.js';
import { DisclosureArrow, useDisclosure } from '../../shared/ui/disclosure.js';
import type { EntryListProps } from './entry-list.js';
import { RunSteps, usePrepareSteps } from './run-steps.js';

interface WorkSectionProps extends Omit<EntryListProps, 'live'> {
  status: RunEndStatus;
  /** Null: the reader, or it is not known. */
  stoppedBy: string | null;
  /** Milliseconds; null: not known. */
  duration: number | null;
  /** Open until the reader closes it. */
  openAtFirst: boolean;
}

/** The work of an ended run, folded to its duration. It starts open after a failure, where the work is the answer. */
export function WorkSection({ status, stoppedBy, duration, openAtFirst, ...list }: WorkSectionProps) {
  const opens = openAtFirst || status === 'failed' || status === 'interrupted';
  const { open, trigger, bodyId } = useDisclosure(`${list.runId}/work`, opens);
  const by = status === 'cancelled' && stoppedBy ? ` by ${stoppedBy}` : '';
  const summary = summarise(status, duration) + by;
  usePrepareSteps();
  if (list.entries.length === 0) return <p className="h-7 text-sm text-muted-foreground">{summary}</p>;
  return (
    <div>
      <button
        {...trigger}
        onPointerEnter={RunSteps.prepare}
        onFocus={RunSteps.prepare}
        className="group/work flex h-8 w-full pointer-coarse:h-11 items-center gap-1.5 border-b text-left text-sm text-muted-foreground hover:text-foreground"
      >
        {summary}
        <DisclosureArrow open={open} className="size-3.5" />
      </button>
      {open && (
        <div id={bodyId} className="animate-fade-in pt-2 pb-1">
          <RunSteps {...list} live={false} />
        </div>
      )}
    </div>
  );
}

function summarise(status: RunEndStatus, duration: number | null): string {
  const time = duration === null ? '' : formatDuration(duration);
  switch (status) {
    case 'succeeded':
      return time ? `Worked for ${time}` : 'Worked';
    case 'cancelled':
      return time ? `Stopped after ${time}` : 'Stopped';
    case 'failed':
      return time ? `Failed after ${time}` : 'Failed';
    case 'interrupted':
      return time ? `Interrupted after ${time}` : 'Interrupted';
  }
}
