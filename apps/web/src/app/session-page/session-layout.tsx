import type { Session } from '@saas-codex/contracts/sessions';
import type { ReactNode } from 'react';
import { prefersChangesOpen, useChangesLocation } from '../../entities/session/changes-location.js';
import { useFollowRun } from '../../features/changes/use-follow-run.js';
import { SessionConversation } from '../../features/conversation/session-conversation.js';
import { cx } from '../../shared/lib/cx.js';
import { useStoredText } from '../../shared/lib/stored.js';
import { useMediaQuery } from '../../shared/lib/use-media-query.js';
import { later } from '../../shared/ui/later.js';
import { Spinner } from '../../shared/ui/spinner.js';
import type { ChangesToggleProps } from './session-header.js';

const PanelLoading = () => (
  <div className="flex h-full items-center justify-center text-muted-foreground">
    <Spinner label="Loading changes" />
  </div>
);
const ChangesPanel = later(
  async () => (await import('../../features/changes/changes-panel.js')).ChangesPanel,
  PanelLoading,
);

const FilesPanel = later(
  async () => (await import('../../features/files/files-panel.js')).FilesPanel,
  PanelLoading,
);

const ResizablePanel = later(
  async () => (await import('../../features/changes/resizable-panel.js')).ResizablePanel,
);
const FailedSession = later(
  async () => (await import('../../features/provisioning/failed-session.js')).FailedSession,
);

function prepareChanges(): void {
  ResizablePanel.prepare();
  ChangesPanel.prepare();
}

interface SessionLayoutProps {
  session: Session;
  renderHeader: (changes: Pick<ChangesToggleProps, 'shown' | 'onIntent'>) => ReactNode;
  /** The part below the conversation. */
  dock: ReactNode;
}

/**
 * Conversation and Changes side by side. A page without room for both, or a reader who wants Changes wide, has one of them
 * above the composer: the conversation stays mounted behind Changes.
 */
export function SessionLayout({ session, renderHeader, dock }: SessionLayoutProps) {
  useFollowRun(session);
  const room = useMediaQuery('(min-width: 1280px)');
  const changesShown = useChangesShown(session, room);
  const [wide, setWide] = useStoredText('changes-wide');
  const beside = room && !wide;
  const { panel } = useChangesLocation();
  const Panel = panel === 'files' ? FilesPanel : ChangesPanel;
  const changes = changesShown && (
    <Panel
      session={session}
      wide={!beside}
      onWide={room ? (wanted) => setWide(wanted ? 'yes' : '') : undefined}
    />
  );

  return (
    <div className="flex h-full flex-col">
      {renderHeader({ shown: changesShown, onIntent: prepareChanges })}
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
                {dock}
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
  return panel ? panel !== 'closed' : room && prefersChangesOpen();
}
