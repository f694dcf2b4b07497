import type { Session } from '@saas-codex/contracts/sessions';
import { useState } from 'react';
import { SecretsField } from '../../entities/environment/secrets-field.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';

interface SecretsDialogProps {
  session: Session;
  onClose: () => void;
}

/** Changes which secrets a session gets, from the next run on. */
export function SecretsDialog({ session, onClose }: SecretsDialogProps) {
  const [secrets, setSecrets] = useState(session.secrets ?? []);
  const update = useUpdateSession();
  const change = { sessionId: session.session_id, change: { secrets } };
  return (
    <ActionDialog
      title="Secrets"
      description="What you save here applies from the next run on."
      action="Save"
      state={update}
      onSubmit={() => update.mutate(change, { onSuccess: onClose })}
      onClose={onClose}
    >
      <div className="-mx-2.5">
        <SecretsField value={secrets} onChange={setSecrets} />
      </div>
    </ActionDialog>
  );
}
