import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { MessageSquareDashed } from 'lucide-react';
import { useMemo } from 'react';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { peopleFor, type RunPeople } from '../../entities/run/run-people.js';
import { useOutgoingPrompts } from '../../entities/run/api/prompt-session.js';
import { orderRuns } from '../../entities/run/run-order.js';
import { setupState } from '../../entities/session/session-state.js';
import { meQuery } from '../../shared/api/get-me.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { atLeisure } from '../../shared/ui/later.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { ConversationList, type ConversationRow } from './conversation-list.js';

const LiveAnnouncer = atLeisure(async () => (await import('./live-announcer.js')).LiveAnnouncer);

/** Everything that was asked and done in a session, oldest first. */
export function SessionConversation({ session }: { session: Session }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    runsQuery(session.session_id),
  );
  const outgoing = useOutgoingPrompts(session.session_id);
  const held = setupState(session) === 'held';
  const { conversation, running, busy } = useMemo(() => orderRuns(data, held), [data, held]);
  const { data: me } = useQuery(meQuery);
  const peopleOf = useMemo(() => peopleFor(me, conversation), [me, conversation]);
  const rows = useMemo<ConversationRow[]>(
    () => [
      ...rowsOf(conversation, peopleOf),
      // A prompt that is sent during a run goes to the queue, and the composer shows it there.
      ...(busy ? [] : outgoing.slice(0, 1)).map(
        ({ prompt, images, idempotencyKey }) =>
          ({ kind: 'sending', key: idempotencyKey, prompt, images }) as const,
      ),
    ],
    [conversation, busy, outgoing, peopleOf],
  );

  if (!data && !error) return <LoadingConversation />;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      {rows.length > 0 ? (
        <ConversationList
          rows={rows}
          session={session}
          loadEarlier={hasNextPage ? () => void fetchNextPage() : null}
          loadingEarlier={isFetchingNextPage}
        />
      ) : (
        !error && <NothingYet session={session} />
      )}
      {error && (
        <div className="mx-auto w-full max-w-3xl px-4 py-4">
          <ErrorNotice error={error} onRetry={() => void refetch()} />
        </div>
      )}
      <LiveAnnouncer run={running ?? conversation.at(-1) ?? null} />
    </div>
  );
}

/** Runs that were taken back together become one row. */
function rowsOf(runs: readonly Run[], peopleOf: (run: Run) => RunPeople): ConversationRow[] {
  const rows: ConversationRow[] = [];
  for (const run of runs) {
    const last = rows.at(-1);
    const isTakenBack = Boolean(run.rewound_at);
    if (isTakenBack && last?.kind === 'rewound')
      rows[rows.length - 1] = { ...last, runs: [...last.runs, run] };
    else if (isTakenBack) rows.push({ kind: 'rewound', key: run.run_id, runs: [run] });
    else rows.push({ kind: 'run', key: run.run_id, run, ...peopleOf(run) });
  }
  return rows;
}

function NothingYet({ session }: { session: Session }) {
  const maySend = usePermission('runs:create');
  if (session.status === 'archived')
    return <EmptyState icon={MessageSquareDashed} title="Nothing was asked" className="flex-1" />;
  if (session.status !== 'ready') return <div className="flex-1" />;
  return (
    <EmptyState icon={MessageSquareDashed} title="Nothing asked yet" className="flex-1">
      {maySend
        ? 'Describe below what you want done. Codex works in its own copy of the repository.'
        : 'What is asked of Codex appears here at once.'}
    </EmptyState>
  );
}

const LoadingConversation = () => (
  <div aria-busy="true" className="flex-1 overflow-hidden">
    <span className="sr-only">Loading the conversation</span>
    <div className="mx-auto w-full max-w-3xl space-y-6 px-4 pt-6">
      <Skeleton className="ml-auto h-11 w-3/5 rounded-2xl!" />
      <Skeleton className="h-4 w-36" />
      <div className="space-y-2.5">
        <Skeleton className="h-4 w-full" />
        <Skeleton className="h-4 w-11/12" />
        <Skeleton className="h-4 w-3/5" />
      </div>
    </div>
  </div>
);
