import type { Session } from '@saas-codex/contracts/sessions';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { useDeleteSession } from './api/delete-session.js';

interface DeleteSessionDialogProps {
  session: Session;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteSessionDialog({ session, onClose, onDeleted }: DeleteSessionDialogProps) {
  const remove = useDeleteSession();

  // Awaited, since the row that opened this dialog goes away together with the session.
  const confirm = async () => {
    try {
      await remove.mutateAsync(session.session_id);
    } catch {
      return;
    }
    onClose();
    onDeleted();
  };

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Delete this session?"
      description={
        <>
          <strong className="font-medium text-foreground">{session.title}</strong>, its conversation and its
          workspace are removed for good. Changes that were not pushed are lost; the repository itself is not
          touched.
        </>
      }
    >
      {remove.error && <ErrorNotice error={remove.error} className="mt-3" />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="danger" busy={remove.isPending} onClick={() => void confirm()}>
          Delete session
        </Button>
      </DialogActions>
    </Dialog>
  );
}
