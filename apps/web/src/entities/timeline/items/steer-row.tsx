import { useQuery } from '@tanstack/react-query';
import { steersQuery } from '../../run/api/steers.js';
import { SteerBubble } from '../../run/steer-bubble.js';
import { usePermission } from '../../../shared/api/use-permission.js';
import type { SteerEntry } from '../run-timeline.js';

interface SteerRowProps {
  runId: string;
  sessionId: string;
  steer: SteerEntry;
}

/** What a person said while the run worked. Its log does not say who: readers by link do not learn it. */
export function SteerRow({ runId, sessionId, steer }: SteerRowProps) {
  const mayRead = usePermission('runs:read');
  const { data } = useQuery({ ...steersQuery(sessionId, runId), enabled: mayRead });
  const sent = data?.items.find(({ steer_id: id }) => id === steer.steerId);
  return (
    <div className="py-2">
      <SteerBubble id={steer.steerId} sessionId={sessionId} prompt={steer.prompt} author={sent?.created_by} />
    </div>
  );
}
