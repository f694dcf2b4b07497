import type { Session } from '@saas-codex/contracts/sessions';
import { type FormEvent, useState } from 'react';
import { TrustField } from '../../entities/environment/trust-field.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';

interface TrustDialogProps {
  session: Session;
  onClose: () => void;
}

/** Changes whether a session trusts its repository, from the next run on. */
export function TrustDialog({ session, onClose }: TrustDialogProps) {
  const [trusted, setTrusted] = useState(session.trust_repository ?? false);
  const update = useUpdateSession();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate(
      { sessionId: session.session_id, change: { trust_repository: trusted } },
      { onSuccess: onClose },
    );
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Trust"
      description="The repository’s AGENTS.md always applies. What you save here applies from the next run on."
    >
      <form onSubmit={submit}>
        <div className="-mx-2.5 mt-3">
          <TrustField trusted={trusted} onChange={setTrusted} />
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
