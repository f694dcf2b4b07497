import type { Session } from '@saas-codex/contracts/sessions';
import { EntryView } from '../../entities/timeline/items/entry-view.js';
import type { Entry, RunEndStatus } from '../../entities/timeline/run-timeline.js';
import { formatDuration } from '../../shared/lib/time.js';
import { DisclosureArrow, useDisclosure } from '../../shared/ui/disclosure.js';

interface EntryListProps {
  entries: readonly Entry[];
  runId: string;
  session: Session;
  live: boolean;
}

export const EntryList = ({ entries, ...rest }: EntryListProps) =>
  entries.map((entry) => <EntryView key={entry.key} entry={entry} {...rest} />);

interface WorkSectionProps extends Omit<EntryListProps, 'live'> {
  status: RunEndStatus;
  /** Milliseconds; null: not known. */
  duration: number | null;
}

/** The work of an ended run, folded to its duration. It starts open after a failure, where the work is the answer. */
export function WorkSection({ entries, runId, session, status, duration }: WorkSectionProps) {
  const opens = status === 'failed' || status === 'interrupted';
  const { open, trigger, bodyId } = useDisclosure(`${runId}/work`, opens);
  const summary = summarise(status, duration);
  if (entries.length === 0) return <p className="h-7 text-sm text-muted-foreground">{summary}</p>;
  return (
    <div>
      <button
        {...trigger}
        className="group/work flex h-8 w-full items-center gap-1.5 border-b text-left text-sm text-muted-foreground hover:text-foreground"
      >
        {summary}
        <DisclosureArrow open={open} className="size-3.5" />
      </button>
      {open && (
        <div id={bodyId} className="animate-fade-in pt-2 pb-1">
          <EntryList entries={entries} runId={runId} session={session} live={false} />
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
