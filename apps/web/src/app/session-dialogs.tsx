import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../entities/session/api/get-session.js';
import type { SessionDialog } from '../entities/session/session-dialog.js';
import { later } from '../shared/ui/later.js';

const RenameSessionDialog = later(
  async () => (await import('../features/session-actions/rename-session-dialog.js')).RenameSessionDialog,
);
const ShareDialog = later(
  async () => (await import('../features/session-actions/share-dialog.js')).ShareDialog,
);
const DeleteSessionDialog = later(
  async () => (await import('../features/session-actions/delete-session-dialog.js')).DeleteSessionDialog,
);
const NetworkDialog = later(
  async () => (await import('../features/environment/network-dialog.js')).NetworkDialog,
);
const TrustDialog = later(async () => (await import('../features/environment/trust-dialog.js')).TrustDialog);
const ApprovalsDialog = later(
  async () => (await import('../features/environment/approvals-dialog.js')).ApprovalsDialog,
);
const SecretsDialog = later(
  async () => (await import('../features/environment/secrets-dialog.js')).SecretsDialog,
);
const VisibilityDialog = later(
  async () => (await import('../features/session-actions/visibility-dialog.js')).VisibilityDialog,
);
const HandOverDialog = later(
  async () => (await import('../features/session-actions/hand-over-dialog.js')).HandOverDialog,
);
const RewindDialog = later(
  async () => (await import('../features/session-actions/rewind-dialog.js')).RewindDialog,
);
const ReviewDialog = later(
  async () => (await import('../features/session-actions/review-dialog.js')).ReviewDialog,
);
const CompactDialog = later(
  async () => (await import('../features/session-actions/compact-dialog.js')).CompactDialog,
);
const ChecksDialog = later(async () => (await import('../features/checks/checks-dialog.js')).ChecksDialog);
const ApplyPatchDialog = later(
  async () => (await import('../features/edits/apply-patch-dialog.js')).ApplyPatchDialog,
);
const EditFileDialog = later(
  async () => (await import('../features/edits/edit-file-dialog.js')).EditFileDialog,
);
const ShipDialog = later(async () => (await import('../features/shipping/ship-dialog.js')).ShipDialog);
const PullRequestDialog = later(
  async () => (await import('../features/pull-request/pull-request-dialog.js')).PullRequestDialog,
);
const SetupDialog = later(async () => (await import('../features/environment/setup-dialog.js')).SetupDialog);

interface OpenDialogProps extends SessionDialog {
  onClose: () => void;
}

/** The dialog that was opened about a session (entities/session/session-dialog.ts). */
export function OpenSessionDialog({ about, session: opened, allow, rewind, file, onClose }: OpenDialogProps) {
  // The session may change while these are open; the others need no fresh data.
  const live = ['network', 'setup', 'checks', 'ship', 'pull-request'].includes(about);
  const { data } = useQuery({ ...sessionQuery(opened.session_id), enabled: live });
  const session = data ?? opened;
  switch (about) {
    case 'rename':
      return <RenameSessionDialog session={session} onClose={onClose} />;
    case 'share':
      return <ShareDialog session={session} onClose={onClose} />;
    case 'delete':
      return <DeleteSessionDialog session={session} onClose={onClose} />;
    case 'network':
      return <NetworkDialog session={session} allow={allow} onClose={onClose} />;
    case 'setup':
      return <SetupDialog session={session} allow={allow} onClose={onClose} />;
    case 'secrets':
      return <SecretsDialog session={session} onClose={onClose} />;
    case 'trust':
      return <TrustDialog session={session} onClose={onClose} />;
    case 'approvals':
      return <ApprovalsDialog session={session} onClose={onClose} />;
    case 'owner':
      return <HandOverDialog session={session} onClose={onClose} />;
    case 'rewind':
      return rewind && <RewindDialog {...rewind} session={session} onClose={onClose} />;
    case 'review':
      return <ReviewDialog session={session} onClose={onClose} />;
    case 'compact':
      return <CompactDialog session={session} onClose={onClose} />;
    case 'checks':
      return <ChecksDialog session={session} onClose={onClose} />;
    case 'patch':
      return <ApplyPatchDialog session={session} onClose={onClose} />;
    case 'edit-file':
      return file && <EditFileDialog session={session} file={file} onClose={onClose} />;
    case 'ship':
      return <ShipDialog session={session} onClose={onClose} />;
    case 'pull-request':
      return <PullRequestDialog session={session} onClose={onClose} />;
    case 'visibility':
      return <VisibilityDialog session={session} onClose={onClose} />;
  }
}
