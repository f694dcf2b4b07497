import type { Session } from '@saas-codex/contracts/sessions';
import { Archive, CircleQuestionMark, Eye, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { setupState } from '../../entities/session/session-state.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { PromptComposer } from '../../features/composer/prompt-composer.js';
import { WaitingPrompts } from '../../features/composer/queued-prompts.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { useNotificationOffer } from '../../shared/notifications/consent.js';
import { inWords } from '../../shared/lib/open-enums.js';
import { Button } from '../../shared/ui/button.js';
import { atLeisure, later } from '../../shared/ui/later.js';
import { toastError } from '../../shared/ui/toast.js';

// Most visits are to sessions that are set up and need none of these.
const ProvisioningProgress = later(
  async () => (await import('../../features/provisioning/provisioning-progress.js')).ProvisioningProgress,
);
const NotificationOffer = atLeisure(async () => (await import('./notification-offer.js')).NotificationOffer);
const RewindNotice = later(
  async () => (await import('../../features/conversation/rewind-notice.js')).RewindNotice,
);
const CloneNotices = later(
  async () => (await import('../../features/provisioning/clone-notices.js')).CloneNotices,
);
const RunDock = later(async () => (await import('../../features/conversation/run-dock.js')).RunDock);
const SetupNotice = later(
  async () => (await import('../../features/environment/setup-notice.js')).SetupNotice,
);

/** The part below the conversation: the composer, or why there is none. */
export function SessionDock({ session }: { session: Session }) {
  const offersNotifications = useNotificationOffer();
  switch (session.status) {
    case 'provisioning':
      return (
        <>
          <ProvisioningProgress session={session} />
          <ComposerOrNote session={session} />
        </>
      );
    case 'ready':
      return (
        <>
          {(session.notices?.length ?? 0) > 0 && <CloneNotices session={session} />}
          {offersNotifications && <NotificationOffer />}
          {setupState(session) === 'held' && <SetupNotice session={session} />}
          {session.rewind && <RewindNotice session={session} rewind={session.rewind} />}
          {session.active_run_id && <RunDock session={session} />}
          <ComposerOrNote session={session} />
        </>
      );
    case 'failed':
      return null;
    case 'archived':
      return <ArchivedNote session={session} />;
    default:
      return <UnknownStatusNote status={session.status} />;
  }
}

function ComposerOrNote({ session }: { session: Session }) {
  if (usePermission('runs:create')) return <PromptComposer session={session} />;
  return (
    <>
      <WaitingPrompts session={session} />
      <DockNote
        icon={Eye}
        text="You watch this session as a viewer. Members, admins and owners can send prompts."
      />
    </>
  );
}

function ArchivedNote({ session }: { session: Session }) {
  const update = useUpdateSession();
  const mayChange = usePermission('sessions:write');
  const unarchive = () =>
    update.mutate(
      { sessionId: session.session_id, change: { status: 'ready' } },
      { onError: (error) => toastError(error) },
    );
  if (!mayChange) return <DockNote icon={Archive} text="This session is archived." />;
  return (
    <DockNote icon={Archive} text="This session is archived. Unarchive it to send prompts again.">
      <Button onClick={unarchive} disabled={update.isPending}>
        Unarchive
      </Button>
    </DockNote>
  );
}

/** A newer server has statuses that this build does not know. */
const UnknownStatusNote = ({ status }: { status: string }) => (
  <DockNote
    icon={CircleQuestionMark}
    text={`The status of this session is “${inWords(status)}”. This page is too old to know it.`}
  >
    <Button onClick={() => location.reload()}>Reload</Button>
  </DockNote>
);

interface DockNoteProps {
  icon: LucideIcon;
  text: string;
  /** What the person can do. */
  children?: ReactNode;
}

const DockNote = ({ icon: Icon, text, children }: DockNoteProps) => (
  <div className="mx-auto flex w-full max-w-3xl flex-wrap items-center gap-3 px-4 pt-2 pb-6 text-sm text-muted-foreground">
    <Icon aria-hidden className="size-4" strokeWidth={1.75} />
    <p className="flex-1">{text}</p>
    {children}
  </div>
);
