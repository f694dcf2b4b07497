import { type Session, Setup } from '@saas-codex/contracts/sessions';
import { type FormEvent, useState } from 'react';
import { problemErrors } from '../../entities/environment/field-errors.js';
import { allowing } from '../../entities/environment/network-draft.js';
import type { Refusal } from '../../entities/environment/network-modes.js';
import { fromSetup, type SetupDraft, setupErrors, toSetup } from '../../entities/environment/setup-draft.js';
import { SetupFields } from '../../entities/environment/setup-fields.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { setupState } from '../../entities/session/session-state.js';
import { toApiError } from '../../shared/api/api-error.js';
import { Button } from '../../shared/ui/button.js';
import { Dialog } from '../../shared/ui/dialog.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { useRunSetup } from './api/run-setup.js';
import { useRemoveSetup } from './remove-setup.js';

interface SetupDialogProps {
  session: Session;
  /** A connection that the script was refused and that should be allowed. */
  allow?: Refusal | undefined;
  onClose: () => void;
}

/** Changes, runs again or removes the session's setup script. */
export function SetupDialog({ session, allow, onClose }: SetupDialogProps) {
  const sessionId = session.session_id;
  const [draft, setDraft] = useState<SetupDraft>(() => {
    const current = fromSetup(session.setup, session.network);
    return allow ? { ...current, asSession: false, network: allowing(current.network, allow) } : current;
  });
  const update = useUpdateSession();
  const run = useRunSetup(sessionId);
  const { remove, removing } = useRemoveSetup(session);
  const [removeError, setRemoveError] = useState<Error | null>(null);
  const failure = update.error ?? run.error ?? removeError;
  const errors = setupErrors(draft);
  const serverErrors = problemErrors(failure ? toApiError(failure).problem : null, '/setup');
  const unusable = toSetup(draft) === null || Object.keys(errors).length > 0;
  const busy = update.isPending || run.isPending || removing;
  const inProgress = setupState(session) === 'pending';
  const runs = session.status === 'ready' && !inProgress;

  const change = (next: SetupDraft) => {
    update.reset();
    run.reset();
    setRemoveError(null);
    setDraft(next);
  };
  const save = async (setup: Setup, then?: () => Promise<unknown>) => {
    try {
      await update.mutateAsync({ sessionId, change: { setup } });
      await then?.();
    } catch {
      // The error is shown above the buttons.
      return;
    }
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const setup = Setup.safeParse(toSetup(draft));
    if (setup.success) void save(setup.data, runs ? () => run.mutateAsync() : undefined);
  };
  const saveOnly = () => {
    const setup = Setup.safeParse(toSetup(draft));
    if (setup.success) void save(setup.data);
  };

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Setup"
      description={
        inProgress
          ? 'The script is running. Changes apply from its next run on.'
          : 'Prompts run after the script has succeeded.'
      }
      size="lg"
    >
      <form onSubmit={submit} className="mt-4">
        <SetupFields value={draft} onChange={change} errors={{ ...errors, ...serverErrors }} />
        {failure && <ErrorNotice error={failure} className="mt-3" />}
        <div className="mt-5 flex flex-wrap justify-end gap-2 max-sm:gap-1.5 max-sm:[&>button]:px-2.5">
          {session.setup && (
            <Button
              variant="ghost"
              className="mr-auto"
              disabled={busy}
              onClick={() => void remove().then(onClose, setRemoveError)}
            >
              Remove
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          {runs && (
            <Button disabled={unusable || busy} onClick={saveOnly}>
              Save
            </Button>
          )}
          <Button variant="primary" type="submit" busy={busy} disabled={unusable}>
            {runs ? 'Save and run' : 'Save'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
