import type { Session } from '@saas-codex/contracts/sessions';
import { Link } from '@tanstack/react-router';
import { needsYouText } from '../../entities/session/needs-you.js';
import { isUnread, listedState } from '../../entities/session/read-state.js';
import { SessionStateIcon } from '../../entities/session/session-state-icon.js';
import { useSessionPlace } from '../../entities/session/use-session-privacy.js';
import { cx } from '../../shared/lib/cx.js';
import { formatAge, useMinuteClock } from '../../shared/lib/time.js';
import { LineCounts } from '../../shared/ui/line-counts.js';
import { Skeleton } from '../../shared/ui/skeleton.js';

interface SessionLinksProps {
  title: string;
  sessions: Session[];
  loading: boolean;
}

/** Links to sessions. */
export function SessionLinks({ title, sessions, loading }: SessionLinksProps) {
  const now = useMinuteClock();
  if (!loading && sessions.length === 0) return null;
  return (
    <section aria-label={title} aria-busy={loading} className="mt-10">
      <h2 className="mb-1 px-3 text-xs font-medium text-subtle-foreground">{title}</h2>
      <ul>
        {loading && [0, 1, 2].map((row) => <Skeleton key={row} className="mx-3 my-3 h-4" />)}
        {sessions.map((session) => (
          <SessionLink key={session.session_id} session={session} now={now} />
        ))}
      </ul>
    </section>
  );
}

function SessionLink({ session, now }: { session: Session; now: number }) {
  const state = listedState(session);
  const unread = isUnread(session);
  const place = useSessionPlace()(session);
  return (
    <li>
      <Link
        to="/sessions/$sessionId"
        params={{ sessionId: session.session_id }}
        className="flex h-10 items-center pointer-coarse:h-11 gap-3 rounded-lg px-3 hover:bg-hover"
      >
        <SessionStateIcon state={state} />
        <span className={cx('min-w-0 flex-1 truncate text-sm', unread && 'font-semibold')}>
          {session.title}
          {unread && <span className="sr-only">, unread</span>}
        </span>
        {session.diff && <LineCounts stat={session.diff} />}
        <span className="hidden w-32 shrink-0 truncate text-right text-xs text-subtle-foreground sm:block">
          {session.needs_you ? needsYouText(session.needs_you) : place}
        </span>
        <span className="w-8 shrink-0 text-right text-xs text-subtle-foreground tabular-nums">
          {formatAge(session.updated_at, now)}
        </span>
      </Link>
    </li>
  );
}
