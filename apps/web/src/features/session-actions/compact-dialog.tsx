import type { Session } from '@saas-codex/contracts/sessions';
import { useCompactSession } from '../../entities/run/api/start-codex-run.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';

/** Has Codex replace its conversation by a summary. */
export function CompactDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const compact = useCompactSession(session.session_id);
  return (
    <ActionDialog
      title="Compact the conversation"
      description="Codex writes a summary of the conversation and goes on from it, with more room for what comes. The timeline here stays as it is."
      action="Compact"
      state={compact}
      onSubmit={() => compact.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
