import type { Run } from '@saas-codex/contracts/runs';
import { useQuery } from '@tanstack/react-query';
import { steersQuery, useOutgoingSteers } from '../../entities/run/api/steers.js';
import { SteerBubble } from '../../entities/run/steer-bubble.js';
import type { Entry } from '../../entities/timeline/run-timeline.js';
import { usePermission } from '../../shared/api/use-permission.js';

interface PendingSteersProps {
  run: Run;
  entries: readonly Entry[];
}

/** The messages to a run that it has not taken in yet, below what it has done. They end among its steps, or in the queue. */
export function PendingSteers({ run, entries }: PendingSteersProps) {
  const { run_id: runId, session_id: sessionId } = run;
  const mayRead = usePermission('runs:read');
  const { data } = useQuery({ ...steersQuery(sessionId, runId), enabled: mayRead });
  const outgoing = useOutgoingSteers(runId);
  const delivered = new Set(entries.map(({ key }) => key));
  const pending = (data?.items ?? []).filter(
    ({ status, steer_id: id }) => status === 'pending' && !delivered.has(`steer:${id}`),
  );
  if (pending.length === 0 && outgoing.length === 0) return null;
  return (
    <section aria-label="Messages on their way" className="space-y-2 py-2">
      {pending.map(({ steer_id: id, prompt, created_by: author }) => (
        <SteerBubble key={id} id={id} sessionId={sessionId} prompt={prompt} author={author} sending />
      ))}
      {outgoing.map(({ prompt, idempotencyKey }) => (
        <SteerBubble
          key={idempotencyKey}
          id={idempotencyKey}
          sessionId={sessionId}
          prompt={prompt}
          author={undefined}
          sending
        />
      ))}
    </section>
  );
}
