import type { Run, RunKind } from '@saas-codex/contracts/runs';
import { useState } from 'react';
import { messageText, openQuestions } from '../../entities/timeline/present.js';
import { useRunTimeline } from '../../entities/timeline/run-log.js';
import type { RunEndStatus, RunTimeline } from '../../entities/timeline/run-timeline.js';
import { lookUp } from '../../shared/lib/open-enums.js';

/**
 * Announces to screen readers what the latest run says, one complete message at a time, and how it ends. The
 * conversation itself cannot be a live region, since its rows come and go as it scrolls. Runs that had ended before the
 * page opened are not announced.
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
  review: {
    succeeded: 'The review is done.',
    failed: 'The review failed.',
    cancelled: 'The review was stopped.',
    interrupted: 'The review was interrupted.',
  },
  compact: {
    succeeded: 'The conversation is compacted.',
    failed: 'The conversation could not be compacted.',
    cancelled: 'The compaction was stopped.',
    interrupted: 'The compaction was interrupted.',
  },
  check: {
    succeeded: 'The checks passed.',
    failed: 'The checks failed.',
    cancelled: 'The checks were stopped.',
    interrupted: 'The checks were interrupted.',
  },
  edit: {
    succeeded: 'The files were changed.',
    failed: 'The files could not be changed.',
    cancelled: 'The change of the files was stopped.',
    interrupted: 'The change of the files was interrupted.',
  },
  proposal: {
    succeeded: 'A message is proposed.',
    failed: 'No message could be proposed.',
    cancelled: 'The proposal was stopped.',
    interrupted: 'The proposal was interrupted.',
  },
};

function Announcement({ run }: { run: Run }) {
  const [seenLive, setSeenLive] = useState(false);
  const works = run.status === 'running' || run.status === 'waiting';
  const live = run.status === 'queued' || works;
  if (live && !seenLive) setSeenLive(true);
  const timeline = useRunTimeline(run.run_id, works);
  if (!seenLive) return null;
  return (
    <>
      <p>{latestMessage(timeline)}</p>
      {openQuestions(timeline).length > 0 && <p>Codex waits for an answer.</p>}
      {timeline.end && (
        <p>{`${(lookUp(ENDINGS, run.kind) ?? ENDINGS.prompt)[timeline.end.status]} ${timeline.end.reason ?? ''}`}</p>
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
