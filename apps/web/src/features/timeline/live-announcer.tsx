import type { Run, RunKind } from '@saas-codex/contracts/runs';
import { useState } from 'react';
import { messageText } from './fold/present.js';
import type { RunEndStatus, RunTimeline } from './fold/run-timeline.js';
import { useRunTimeline } from './live/use-run-timeline.js';

/**
 * Tells screen readers what the latest run says and how it ends, whole messages at a time. The conversation itself
 * cannot be a live region: its rows come and go as it scrolls. A run that had ended before is history, which one reads.
 */
export const LiveAnnouncer = ({ run }: { run: Run | null }) => (
  <div className="sr-only" role="log" aria-live="polite">
    {run && <Announcement key={run.run_id} run={run} />}
  </div>
);

const ENDINGS: Record<RunKind, Record<RunEndStatus, string>> = {
  prompt: {
    succeeded: 'Codex is done.',
    failed: 'The run failed.',
    cancelled: 'The run was stopped.',
    interrupted: 'The run was interrupted.',
  },
  setup: {
    succeeded: 'The setup is done.',
    failed: 'The setup failed.',
    cancelled: 'The setup was stopped.',
    interrupted: 'The setup was interrupted.',
  },
};

function Announcement({ run }: { run: Run }) {
  const [seenLive, setSeenLive] = useState(false);
  const live = run.status === 'queued' || run.status === 'running';
  if (live && !seenLive) setSeenLive(true);
  const timeline = useRunTimeline(run.run_id, run.status === 'running');
  if (!seenLive) return null;
  return (
    <>
      <p>{latestMessage(timeline)}</p>
      {timeline.end && (
        <p>{`${ENDINGS[run.kind === 'setup' ? 'setup' : 'prompt'][timeline.end.status]} ${timeline.end.reason ?? ''}`}</p>
      )}
    </>
  );
}

function latestMessage({ entries }: RunTimeline): string {
  const message = entries.findLast(
    (entry) => entry.kind === 'item' && entry.completedAt !== null && messageText(entry),
  );
  return (message && messageText(message)) ?? '';
}
