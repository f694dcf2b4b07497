import { Network } from '@saas-codex/contracts/network';
import type { Session } from '@saas-codex/contracts/sessions';
import { type FormEvent, useState } from 'react';
import { problemErrors } from '../../entities/environment/field-errors.js';
import {
  allowing,
  fromNetwork,
  type NetworkDraft,
  networkErrors,
  toNetwork,
} from '../../entities/environment/network-draft.js';
import { NetworkFields } from '../../entities/environment/network-fields.js';
import type { Refusal } from '../../entities/environment/network-modes.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { toApiError } from '../../shared/api/api-error.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';

interface NetworkDialogProps {
  session: Session;
  /** A refused connection to allow. */
  allow?: Refusal | undefined;
  onClose: () => void;
}

/** Changes what a session's commands may reach, from the next run on. */
export function NetworkDialog({ session, allow, onClose }: NetworkDialogProps) {
  const [draft, setDraft] = useState(() => {
    const current = fromNetwork(session.network);
    return allow ? allowing(current, allow) : current;
  });
  const update = useUpdateSession();
  const errors = networkErrors(draft);
  const serverErrors = problemErrors(update.error ? toApiError(update.error).problem : null, '/network');

  const change = (next: NetworkDraft) => {
    if (update.isError) update.reset();
    setDraft(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const network = Network.safeParse(toNetwork(draft));
    if (!network.success) return;
    update.mutate(
      { sessionId: session.session_id, change: { network: network.data } },
      { onSuccess: onClose },
    );
  };

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Network"
      description="What commands in this session may reach. Changes apply from the next run on."
      size="lg"
    >
      <form onSubmit={submit}>
        <div className="-mx-2.5 mt-3">
          <NetworkFields value={draft} onChange={change} errors={{ ...errors, ...serverErrors }} />
        </div>
        {update.error && <ErrorNotice error={update.error} className="mt-3" />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            type="submit"
            busy={update.isPending}
            disabled={Object.keys(errors).length > 0}
          >
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
