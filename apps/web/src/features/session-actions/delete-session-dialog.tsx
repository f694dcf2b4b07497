import type { Session } from '@saas-codex/contracts/sessions';
import { useLeaveSession } from '../../entities/session/use-session-actions.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { useDeleteSession } from './api/delete-session.js';

export function DeleteSessionDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const remove = useDeleteSession();
  const { leave } = useLeaveSession();
  const onSuccess = () => {
    onClose();
    leave(session.session_id);
  };

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Delete this session?"
      description={
        <>
          <strong className="font-medium text-foreground">{session.title}</strong>, its conversation and its
          workspace are deleted permanently. Changes that were not pushed are lost. The repository itself is
          not touched.
        </>
      }
    >
      {remove.error && <ErrorNotice error={remove.error} className="mt-3" />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          variant="danger"
          busy={remove.isPending}
          onClick={() => remove.mutate(session.session_id, { onSuccess })}
        >
          Delete session
        </Button>
      </DialogActions>
    </Dialog>
  );
}
