import type { Session } from '@saas-codex/contracts/sessions';
import { useState } from 'react';
import { TrustField } from '../../entities/environment/trust-field.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';

/** Changes whether a session trusts its repository, from the next run on. */
export function TrustDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const [trusted, setTrusted] = useState(session.trust_repository ?? false);
  const update = useUpdateSession();
  const change = { trust_repository: trusted };
  return (
    <ActionDialog
      title="Trust"
      description="The repository’s AGENTS.md always applies. What you save here applies from the next run on."
      action="Save"
      state={update}
      onSubmit={() => update.mutate({ sessionId: session.session_id, change }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <div className="-mx-2.5">
        <TrustField trusted={trusted} onChange={setTrusted} />
      </div>
    </ActionDialog>
  );
}
