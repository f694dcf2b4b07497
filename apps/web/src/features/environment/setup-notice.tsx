import type { Session } from '@saas-codex/contracts/sessions';
import { Hammer } from 'lucide-react';
import { openSessionDialog } from '../../entities/session/session-dialog.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { focusContent } from '../../shared/lib/focus.js';
import { Button } from '../../shared/ui/button.js';
import { toastError } from '../../shared/ui/toast.js';
import { useRunSetup } from './api/run-setup.js';
import { useRemoveSetup } from './remove-setup.js';

/** Shown above the composer while prompts wait for a person's decision about the setup. */
export function SetupNotice({ session }: { session: Session }) {
  const run = useRunSetup(session.session_id);
  const { remove, removing } = useRemoveSetup(session);
  const mayDecide = usePermission('sessions:write');
  const never = session.setup_status === null;
  // The button that had the focus disappears together with the notice.
  const continueWithout = () => void remove().then(focusContent, toastError);
  return (
    <section aria-label="Setup" className="mx-auto w-full max-w-3xl px-4 pb-3 max-sm:px-3">
      <div
        role="status"
        className="flex animate-fade-in flex-wrap items-center gap-x-4 gap-y-2.5 rounded-xl border bg-card px-3.5 py-2.5 text-sm shadow-xs"
      >
        <p className="flex min-w-52 flex-1 gap-2.5">
          <Hammer aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" strokeWidth={1.75} />
          <span>{waiting(session)}</span>
        </p>
        {mayDecide && (
          <div className="flex flex-wrap gap-1.5">
            <Button size="sm" variant="ghost" busy={removing} onClick={continueWithout}>
              Continue without
            </Button>
            <Button size="sm" onClick={() => openSessionDialog({ about: 'setup', session })}>
              Edit script
            </Button>
            <Button
              size="sm"
              variant="primary"
              busy={run.isPending}
              onClick={() =>
                run.mutate(undefined, { onSuccess: focusContent, onError: (error) => toastError(error) })
              }
            >
              {never ? 'Run setup' : 'Run again'}
            </Button>
          </div>
        )}
      </div>
    </section>
  );
}

/** The conversation shows how the last setup ended, so that is not said again. */
function waiting({ queued_runs: prompts, setup_status: status }: Session): string {
  const until = status === null ? 'until the setup has run' : 'until the setup succeeds';
  if (prompts === 0) return `Prompts wait ${until}.`;
  return prompts === 1 ? `One prompt waits ${until}.` : `${prompts} prompts wait ${until}.`;
}
