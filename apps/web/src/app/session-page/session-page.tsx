import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { sessionQuery } from '../../entities/session/api/get-session.js';
import { prefersChangesOpen, useChangesLocation } from '../../entities/session/changes-location.js';
import { useMarkSeen } from '../../entities/session/seen.js';
import { sessionState } from '../../entities/session/session-state.js';
import { useSessionPrivacy } from '../../entities/session/use-session-privacy.js';
import { prepareMarkdown } from '../../entities/timeline/markdown/markdown.js';
import { ResizablePanel } from '../../features/changes/resizable-panel.js';
import { useFollowRun } from '../../features/changes/use-follow-run.js';
import { SessionConversation } from '../../features/conversation/session-conversation.js';
import { cx } from '../../shared/lib/cx.js';
import { useDocumentTitle } from '../../shared/lib/use-document-title.js';
import { useStoredText } from '../../shared/lib/stored.js';
import { useMediaQuery } from '../../shared/lib/use-media-query.js';
import { later } from '../../shared/ui/later.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { SessionDock } from './session-dock.js';
import { SessionHeader } from './session-header.js';
import { SessionSkeleton, SessionUnavailable } from './session-placeholders.js';

const PanelLoading = () => (
  <div className="flex h-full items-center justify-center text-muted-foreground">
    <Spinner label="Loading changes" />
  </div>
);
const ChangesPanel = later(
  async () => (await import('../../features/changes/changes-panel.js')).ChangesPanel,
  PanelLoading,
);

const FailedSession = later(
  async () => (await import('../../features/provisioning/failed-session.js')).FailedSession,
);

const PrivateSession = later(async () => (await import('./private-session.js')).PrivateSession);

export function SessionPage() {
  const { sessionId } = useParams({ from: '/shell/sessions/$sessionId' });
  const { data: session, error, refetch } = useQuery(sessionQuery(sessionId));
  useEffect(prepareMarkdown, []);
  useDocumentTitle(session?.title, { running: session && sessionState(session) === 'running' });

  if (session) return <KnownSession key={sessionId} session={session} />;
  if (error) return <SessionUnavailable error={error} onRetry={() => void refetch()} />;
  return <SessionSkeleton />;
}

function KnownSession({ session }: { session: Session }) {
  const { isOutline } = useSessionPrivacy(session);
  return isOutline ? <PrivateSession session={session} /> : <SessionLayout session={session} />;
}

/**
 * Conversation and Changes side by side. A page without room for both, or a reader who wants Changes wide, has one of them
 * above the composer: the conversation stays mounted behind Changes.
 */
function SessionLayout({ session }: { session: Session }) {
  useMarkSeen(session);
  useFollowRun(session);
  const room = useMediaQuery('(min-width: 1280px)');
  const changesShown = useChangesShown(session, room);
  const [wide, setWide] = useStoredText('changes-wide');
  const beside = room && !wide;
  const changes = changesShown && (
    <ChangesPanel
      session={session}
      wide={!beside}
      onWide={room ? (wanted) => setWide(wanted ? 'yes' : '') : undefined}
    />
  );

  return (
    <div className="flex h-full flex-col">
      <SessionHeader session={session} changesShown={changesShown} onChangesIntent={ChangesPanel.prepare} />
      <main className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          {session.status === 'failed' ? (
            <FailedSession session={session} />
          ) : (
            <>
              <div className={cx('min-h-0 flex-1 flex-col', changesShown && !beside ? 'hidden' : 'flex')}>
                <SessionConversation session={session} />
              </div>
              {changes && !beside && (
                <section aria-label="Changes" className="mb-3 min-h-0 flex-1 border-b">
                  {changes}
                </section>
              )}
              {/* As wide as the conversation, which has a scrollbar. */}
              <div className="-mt-1 shrink-0 overflow-hidden pt-1 [scrollbar-gutter:stable_both-edges]">
                <SessionDock session={session} />
              </div>
            </>
          )}
        </div>
        {changes && beside && <ResizablePanel label="Changes">{changes}</ResizablePanel>}
      </main>
    </div>
  );
}

/**
 * Whether Changes is open: as the address says, or else as the person last left it, if there is room. A run never opens
 * it, so that the conversation does not move while a person reads it.
 */
function useChangesShown(session: Session, room: boolean): boolean {
  const { panel } = useChangesLocation();
  if (session.status === 'failed') return false;
  return panel ? panel === 'changes' : room && prefersChangesOpen();
}
