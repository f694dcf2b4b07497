import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { sessionsQuery } from '../../entities/session/api/list-sessions.js';
import { needsYouQuery } from '../../entities/session/needs-you.js';
import { useMinuteClock } from '../../shared/lib/time.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { groupSessions, NEEDS_YOU } from './group-sessions.js';
import { SessionRow } from './session-row.js';

export function SessionList({ archived }: { archived: boolean }) {
  const query = useInfiniteQuery(sessionsQuery(archived));
  const { data: waiting } = useQuery(needsYouQuery);
  const now = useMinuteClock();
  const groups = useMemo(
    () =>
      groupSessions(
        query.data?.pages.flatMap((page) => page.items) ?? [],
        now,
        archived ? [] : waiting?.items,
      ),
    [query.data, now, archived, waiting],
  );

  return (
    <nav
      aria-label={archived ? 'Archived sessions' : 'Sessions'}
      aria-busy={query.isPending}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pb-3"
    >
      {archived && <h2 className="px-2 pt-2 text-sm font-semibold">Archive</h2>}
      {query.isPending && <LoadingRows />}
      {query.isError && !query.data && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isSuccess && groups.length === 0 && <NoSessions archived={archived} />}
      {groups.map(({ label, sessions }) => (
        <section key={label} aria-label={label}>
          <h3 className="px-2 pt-3.5 pb-1 text-2xs font-medium text-subtle-foreground">
            {label}
            {label === NEEDS_YOU && ` · ${sessions.length}`}
          </h3>
          <ul className="flex flex-col gap-px">
            {sessions.map((session) => (
              <SessionRow key={session.session_id} session={session} now={now} />
            ))}
          </ul>
        </section>
      ))}
      <LoadMore query={query} />
    </nav>
  );
}

const NoSessions = ({ archived }: { archived: boolean }) => (
  <p className="px-2 pt-4 text-xs text-subtle-foreground">
    {archived ? 'Archived sessions appear here.' : 'Sessions appear here.'}
  </p>
);

const LoadingRows = () => (
  <div className="flex flex-col gap-4 px-2 pt-4">
    {[70, 52, 84, 61, 75].map((width) => (
      <div key={width} className="flex flex-col gap-2">
        <div style={{ width: `${width}%` }}>
          <Skeleton className="h-3" />
        </div>
        <Skeleton className="h-2.5 w-1/3" />
      </div>
    ))}
  </div>
);
