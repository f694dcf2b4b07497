import type { OpenedShareLink } from '@saas-codex/contracts/sharing';
import { useQuery } from '@tanstack/react-query';
import { CloudOff, Eye, Link2Off } from 'lucide-react';
import { useEffect } from 'react';
import { openedShareLinkQuery } from '../../entities/session/api/open-share-link.js';
import { sessionQuery } from '../../entities/session/api/get-session.js';
import { sessionState } from '../../entities/session/session-state.js';
import { prepareMarkdown } from '../../entities/timeline/markdown/markdown.js';
import { toApiError } from '../../shared/api/api-error.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { BrandMark } from '../../shared/ui/brand-mark.js';
import { Button } from '../../shared/ui/button.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { later } from '../../shared/ui/later.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { ConnectionNotice } from '../connection-notice.js';
import { useSharedActivity } from '../use-activity.js';
import { ChangesToggle, SessionTitle } from './session-header.js';
import { SessionLayout } from './session-layout.js';

const RunDock = later(async () => (await import('../../features/conversation/run-dock.js')).RunDock);

/** A session as the reader of a link sees it: conversation and changes, live and read-only, and nothing around it. */
export function SharedPage() {
  const { data: opened, error, refetch } = useQuery(openedShareLinkQuery);
  // A renewal that fails for another reason is tried again.
  if (opened && !isEnd(error)) return <SharedSession opened={opened} />;
  if (error) return <LinkUnavailable error={error} onRetry={() => void refetch()} />;
  return <Opening />;
}

function SharedSession({ opened }: { opened: OpenedShareLink }) {
  const { data: session, error, refetch } = useQuery(sessionQuery(opened.session_id));
  useSharedActivity();
  useEffect(prepareMarkdown, []);
  useDocumentTitle(session?.title, { running: session && sessionState(session) === 'running' });
  if (!session) return error ? <LinkUnavailable error={error} onRetry={() => void refetch()} /> : <Opening />;
  return (
    <div className="relative h-full">
      <ConnectionNotice />
      <SessionLayout
        session={session}
        renderHeader={(changes) => (
          <header className="flex h-13 shrink-0 items-center gap-2 border-b px-3">
            <BrandMark />
            <div className="flex min-w-0 flex-1 items-center gap-3 pl-1">
              <SessionTitle session={session} />
            </div>
            {session.status !== 'failed' && <ChangesToggle session={session} {...changes} />}
          </header>
        )}
        dock={
          <>
            {session.active_run_id && <RunDock session={session} />}
            <SharedNote opened={opened} />
          </>
        }
      />
    </div>
  );
}

function SharedNote({ opened: { organisation, expires_at: expiresAt } }: { opened: OpenedShareLink }) {
  const until =
    expiresAt && new Date(expiresAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <aside
      aria-label="About this page"
      className="mx-auto flex w-full max-w-3xl items-center gap-3 px-4 pt-2 pb-6 text-sm text-muted-foreground"
    >
      <Eye aria-hidden className="size-4 shrink-0" strokeWidth={1.75} />
      <p>
        <strong className="font-medium text-foreground">{organisation}</strong> shares this session with you,
        read-only. You see it live{until ? `, until ${until}` : ''}.
      </p>
    </aside>
  );
}

const Opening = () => (
  <main aria-busy className="flex h-full items-center justify-center text-muted-foreground">
    <Spinner label="Opening the link" />
  </main>
);

/** Whether the link does not work, as opposed to the connection or the server. */
function isEnd(error: unknown): boolean {
  if (error === null) return false;
  const { code, status } = toApiError(error);
  return code === 'link_invalid' || code === 'invalid_request' || status === 401;
}

function LinkUnavailable({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const problem = toApiError(error);
  const ended = isEnd(error);
  return (
    <main className="flex h-full items-center justify-center">
      <EmptyState
        icon={ended ? Link2Off : CloudOff}
        title={ended ? 'This link does not work' : problem.title}
        action={ended ? undefined : <Button onClick={onRetry}>Try again</Button>}
      >
        {ended
          ? 'It was revoked or has expired, the session was archived, or a part of the link is missing. Ask whoever sent it for another one.'
          : problem.detail}
      </EmptyState>
    </main>
  );
}
