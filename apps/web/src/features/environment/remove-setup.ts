import { type Session, Setup } from '@saas-codex/contracts/sessions';
import { scriptTitle } from '../../entities/environment/setup-draft.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { toastError, toastUndo } from '../../shared/ui/toast.js';

/** Removes the setup script, so that prompts run without it, and offers to put it back. */
export function useRemoveSetup({ session_id: sessionId, setup }: Session) {
  const { mutateAsync, isPending } = useUpdateSession();
  const remove = async () => {
    await mutateAsync({ sessionId, change: { setup: null } });
    // A setup with a network of a newer server cannot be sent.
    const { data: before } = Setup.safeParse(setup);
    if (!before) return;
    const undo = () => void mutateAsync({ sessionId, change: { setup: before } }).catch(toastError);
    toastUndo('Setup script removed', scriptTitle(before.script), undo);
  };
  return { remove, removing: isPending };
}
