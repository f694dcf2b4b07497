import type { Session } from '@saas-codex/contracts/sessions';
import { useId, useState } from 'react';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { isPrivate } from '../../entities/session/use-session-privacy.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';

/** Makes a session private to its owner, or shows it to the organisation again. */
export function VisibilityDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const id = useId();
  const [hidden, setHidden] = useState(isPrivate(session));
  const update = useUpdateSession();
  const change = { visibility: hidden ? 'private' : 'tenant' } as const;
  return (
    <ActionDialog
      title="Who sees this session"
      description="Otherwise everybody in your organisation sees it. It can become private while no run works or waits."
      action="Save"
      state={update}
      onSubmit={() => update.mutate({ sessionId: session.session_id, change }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <label className="flex items-start gap-2.5 py-2">
        <input
          type="checkbox"
          checked={hidden}
          onChange={(event) => setHidden(event.target.checked)}
          aria-labelledby={`${id}-name`}
          aria-describedby={`${id}-note`}
          className="mt-0.5 size-4 shrink-0 accent-accent"
        />
        <span>
          <span id={`${id}-name`} className="block text-sm font-medium">
            Private to me
          </span>
          <span id={`${id}-note`} className="block text-xs text-muted-foreground">
            Admins and owners still see that it exists. They may stop its run and delete it.
          </span>
        </span>
      </label>
    </ActionDialog>
  );
}
