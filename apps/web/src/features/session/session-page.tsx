import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import { cx } from '../../shared/lib/cx.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { useIsPhone } from '../../shared/lib/use-media-query.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { useFollowRun } from '../changes/use-follow-run.js';
import { sessionQuery } from '../sessions/api/get-session.js';
import { useMarkSeen } from '../sessions/seen.js';
import { sessionState } from '../sessions/session-state.js';
import { SessionConversation } from '../timeline/session-conversation.js';
import { FailedSession } from './failed-session.js';
import { ResizablePanel } from './resizable-panel.js';
import { SessionDock } from './session-dock.js';
import { SessionHeader } from './session-header.js';
import { SessionUnavailable } from './session-unavailable.js';
import { SessionSkeleton } from './session-skeleton.js';
import { useChangesShown } from './use-changes-shown.js';

const loadChanges = async () => ({ default: (await import('../changes/changes-panel.js')).ChangesPanel });
const ChangesPanel = lazy(loadChanges);

export function SessionPage() {
  const { sessionId } = useParams({ from: '/shell/sessions/$sessionId' });
  const { data: session, error, refetch } = useQuery(sessionQuery(sessionId));
  useDocumentTitle(session?.title, { running: session && sessionState(session) === 'running' });

  if (session) return <SessionLayout key={sessionId} session={session} />;
  if (error) return <SessionUnavailable error={error} onRetry={() => void refetch()} />;
  return <SessionSkeleton />;
}

/** Conversation and Changes side by side; on a phone one of them, the other kept as it is behind it. */
function SessionLayout({ session }: { session: Session }) {
  useMarkSeen(session);
  useFollowRun(session);
  // Once the conversation is there, so that Changes opens without a wait.
  useEffect(() => void loadChanges(), []);
  const phone = useIsPhone();
  const changesShown = useChangesShown(session);
  const changes = changesShown && (
    <Suspense fallback={<PanelLoading />}>
      <ChangesPanel session={session} />
    </Suspense>
  );

  return (
    <div className="flex h-full flex-col">
      <SessionHeader session={session} changesShown={changesShown} />
      <main className="flex min-h-0 flex-1">
        <div className={cx('min-w-0 flex-1 flex-col', phone && changesShown ? 'hidden' : 'flex')}>
          {session.status === 'failed' ? (
            <FailedSession session={session} />
          ) : (
            <>
              <SessionConversation session={session} />
              <SessionDock session={session} />
            </>
          )}
        </div>
        {changes && phone && <div className="min-w-0 flex-1">{changes}</div>}
        {changes && !phone && <ResizablePanel label="Changes">{changes}</ResizablePanel>}
      </main>
    </div>
  );
}

const PanelLoading = () => (
  <div className="flex h-full items-center justify-center text-muted-foreground">
    <Spinner label="Loading changes" />
  </div>
);
