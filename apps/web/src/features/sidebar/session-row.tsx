import type { Session } from '@saas-codex/contracts/sessions';
import { Link } from '@tanstack/react-router';
import { Clock, Ellipsis } from 'lucide-react';
import { memo } from 'react';
import { needsYouText } from '../../entities/session/needs-you.js';
import { PrivateMark } from '../../entities/session/private-mark.js';
import { isUnread, listedState } from '../../entities/session/read-state.js';
import { SessionStateIcon } from '../../entities/session/session-state-icon.js';
import { useSessionActions } from '../../entities/session/use-session-actions.js';
import { isPrivate, useSessionPlace } from '../../entities/session/use-session-privacy.js';
import { cx } from '../../shared/lib/cx.js';
import { formatAge } from '../../shared/lib/time.js';
import { LineCounts } from '../../shared/ui/line-counts.js';
import { later } from '../../shared/ui/later.js';
import { ContextMenu, DropdownMenu } from '../../shared/ui/menu.js';

// Few sessions have one.
const PullRequestMark = later(
  async () => (await import('../../entities/session/pull-request-mark.js')).PullRequestMark,
);

/** One session in the list: state, title, repository, age, changed lines. A button or a right click opens its menu. */
export const SessionRow = memo(function SessionRow({ session, now }: { session: Session; now: number }) {
  const actions = useSessionActions(session);
  const state = listedState(session);
  const unread = isUnread(session);
  return (
    <li className="group/row relative">
      <ContextMenu actions={actions}>
        <Link
          to="/sessions/$sessionId"
          params={{ sessionId: session.session_id }}
          className="flex gap-2 rounded-lg py-1 pr-2 pl-1.5 hover:bg-hover pointer-coarse:py-1.5"
          activeProps={{ className: 'bg-selected hover:bg-selected' }}
        >
          <span className="flex h-5 items-center">
            <SessionStateIcon state={state} />
          </span>
          <span className="min-w-0 flex-1">
            <span
              className={cx(
                'block truncate text-sm group-hover/row:pr-5 pointer-coarse:group-hover/row:pr-0',
                unread && 'font-semibold',
              )}
            >
              {session.title}
              {unread && <span className="sr-only">, unread</span>}
            </span>
            <RowDetails session={session} now={now} />
          </span>
        </Link>
      </ContextMenu>
      <DropdownMenu actions={actions}>
        <button
          type="button"
          // The row is one stop of the Tab key. Shift+F10 on it opens the same menu.
          tabIndex={-1}
          aria-label={`Actions for ${session.title}`}
          className="absolute top-1 right-1 flex size-6 items-center justify-center rounded-md text-muted-foreground opacity-0 group-hover/row:opacity-100 hover:text-foreground focus-visible:opacity-100 data-[state=open]:opacity-100 pointer-coarse:hidden"
        >
          <Ellipsis aria-hidden className="size-4" />
        </button>
      </DropdownMenu>
    </li>
  );
});

function RowDetails({ session, now }: { session: Session; now: number }) {
  const place = useSessionPlace()(session);
  return (
    <span className="flex h-4.5 items-center gap-1.5 text-xs text-subtle-foreground">
      {isPrivate(session) && <PrivateMark />}
      <span className="truncate">{session.needs_you ? needsYouText(session.needs_you) : place}</span>
      <span aria-hidden>·</span>
      <span className="shrink-0 tabular-nums">{formatAge(session.updated_at, now)}</span>
      <span className="ml-auto flex shrink-0 items-center gap-1.5 pl-1">
        {session.pull_request && <PullRequestMark summary={session.pull_request} />}
        {session.queued_runs > 0 && <QueuedCount count={session.queued_runs} />}
        {session.diff && <LineCounts stat={session.diff} />}
      </span>
    </span>
  );
}

const QueuedCount = ({ count }: { count: number }) => (
  <span role="img" aria-label={`${count} queued`} className="flex items-center gap-0.5 text-2xs tabular-nums">
    <Clock className="size-3" strokeWidth={1.75} />
    {count}
  </span>
);
