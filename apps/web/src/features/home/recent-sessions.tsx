import type { Session } from '@saas-codex/contracts/sessions';
import { Link } from '@tanstack/react-router';
import { useSessionState } from '../../entities/session/seen.js';
import { SessionStateIcon } from '../../entities/session/session-state-icon.js';
import { useSessionPlace } from '../../entities/session/use-session-privacy.js';
import { formatAge, useMinuteClock } from '../../shared/lib/time.js';
import { LineCounts } from '../../shared/ui/line-counts.js';
import { Skeleton } from '../../shared/ui/skeleton.js';

/** Links to the person's latest sessions. */
export function RecentSessions({ sessions, loading }: { sessions: Session[]; loading: boolean }) {
  const now = useMinuteClock();
  if (!loading && sessions.length === 0) return null;
  return (
    <section aria-label="Recent sessions" aria-busy={loading} className="mt-10">
      <h2 className="mb-1 px-3 text-xs font-medium text-subtle-foreground">Recent</h2>
      <ul>
        {loading && [0, 1, 2].map((row) => <Skeleton key={row} className="mx-3 my-3 h-4" />)}
        {sessions.map((session) => (
          <RecentSession key={session.session_id} session={session} now={now} />
        ))}
      </ul>
    </section>
  );
}

function RecentSession({ session, now }: { session: Session; now: number }) {
  const state = useSessionState(session);
  const place = useSessionPlace()(session);
  return (
    <li>
      <Link
        to="/sessions/$sessionId"
        params={{ sessionId: session.session_id }}
        className="flex h-10 items-center pointer-coarse:h-11 gap-3 rounded-lg px-3 hover:bg-hover"
      >
        <SessionStateIcon state={state} />
        <span className="min-w-0 flex-1 truncate text-sm">{session.title}</span>
        {session.diff && <LineCounts stat={session.diff} />}
        <span className="hidden w-32 shrink-0 truncate text-right text-xs text-subtle-foreground sm:block">
          {place}
        </span>
        <span className="w-8 shrink-0 text-right text-xs text-subtle-foreground tabular-nums">
          {formatAge(session.updated_at, now)}
        </span>
      </Link>
    </li>
  );
}
