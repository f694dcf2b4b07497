import type { Session } from '@saas-codex/contracts/sessions';
import { type FormEvent, useState } from 'react';
import { ApprovalsField } from '../../entities/environment/approvals-field.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';

interface ApprovalsDialogProps {
  session: Session;
  onClose: () => void;
}

/** Changes whether Codex asks before it acts, from the next run on. */
export function ApprovalsDialog({ session, onClose }: ApprovalsDialogProps) {
  const [mode, setMode] = useState(session.approval_mode === 'ask' ? ('ask' as const) : ('never' as const));
  const update = useUpdateSession();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate({ sessionId: session.session_id, change: { approval_mode: mode } }, { onSuccess: onClose });
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Approvals"
      description="What you save here applies from the next run on."
    >
      <form onSubmit={submit}>
        <div className="-mx-2.5 mt-3">
          <ApprovalsField mode={mode} onChange={setMode} />
        </div>
        {update.error && <ErrorNotice error={update.error} className="mt-3" />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" busy={update.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
