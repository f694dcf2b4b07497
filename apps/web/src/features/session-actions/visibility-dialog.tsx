import type { Session } from '@saas-codex/contracts/sessions';
import { type FormEvent, useId, useState } from 'react';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { isPrivate } from '../../entities/session/use-session-privacy.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog, DialogActions } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';

/** Makes a session private to its owner, or shows it to the organisation again. */
export function VisibilityDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const id = useId();
  const [hidden, setHidden] = useState(isPrivate(session));
  const update = useUpdateSession();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate(
      { sessionId: session.session_id, change: { visibility: hidden ? 'private' : 'tenant' } },
      { onSuccess: onClose },
    );
  };
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Who sees this session"
      description="Otherwise everybody in your organisation sees it. It can become private while no run works or waits."
    >
      <form onSubmit={submit}>
        <label className="mt-3 flex items-start gap-2.5 py-2">
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
