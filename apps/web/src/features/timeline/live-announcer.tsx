import type { Run } from '@saas-codex/contracts/runs';
import { messageText, runPhase } from './fold/present.js';
import type { RunTimeline } from './fold/run-timeline.js';
import { useRunTimeline } from './live/use-run-timeline.js';

/**
 * Tells screen readers what the latest run says and how it ends, whole messages at a time. The conversation itself
 * cannot be a live region: its rows come and go as it scrolls.
 */
export const LiveAnnouncer = ({ run }: { run: Run | null }) => (
  <div className="sr-only" role="log" aria-live="polite">
    {run && <Announcement run={run} />}
  </div>
);

function Announcement({ run }: { run: Run }) {
  const timeline = useRunTimeline(run.run_id, run.status === 'running');
  if (runPhase(run, timeline) === 'waiting') return null;
  return (
    <>
      <p>{latestMessage(timeline)}</p>
      {timeline.end && <p>{`Codex ${timeline.end.status}. ${timeline.end.reason ?? ''}`}</p>}
    </>
  );
}

function latestMessage({ entries }: RunTimeline): string {
  const message = entries.findLast(
    (entry) => entry.kind === 'item' && entry.completedAt !== null && messageText(entry),
  );
  return (message && messageText(message)) ?? '';
}
