import type { Session } from '@saas-codex/contracts/sessions';
import type { Run } from '@saas-codex/contracts/runs';
import { Hammer } from 'lucide-react';
import { focusContent } from '../../shared/lib/focus-content.js';
import { Button } from '../../shared/ui/button.js';
import { toastError } from '../../shared/ui/toast.js';
import { useUpdateSession } from '../sessions/api/update-session.js';
import { useRunSetup } from './api/run-setup.js';
import { openEnvironmentDialog } from './dialogs-store.js';
import { setupState } from './setup-state.js';

const WHAT_HAPPENED: Partial<Record<Run['status'], string>> = {
  failed: 'The setup failed.',
  cancelled: 'The setup was stopped.',
  interrupted: 'The setup was interrupted.',
};

/** Above the composer while prompts wait for a person's word about the setup; nothing otherwise. */
export function SetupNotice({ session }: { session: Session }) {
  const run = useRunSetup(session.session_id);
  const update = useUpdateSession();
  if (session.status !== 'ready' || setupState(session) !== 'held') return null;
  const never = session.setup_status === null;
  const goOn = () =>
    update.mutate(
      { sessionId: session.session_id, change: { setup: null } },
      // The notice goes, and the button with it that had the focus.
      { onSuccess: focusContent, onError: (error) => toastError(error) },
    );
  return (
    <section aria-label="Setup" className="mx-auto w-full max-w-3xl px-4 pb-3 max-sm:px-3">
      <div
        role="status"
        className="flex animate-fade-in flex-wrap items-center gap-x-4 gap-y-2.5 rounded-xl border bg-card px-3.5 py-2.5 text-sm shadow-xs"
      >
        <p className="flex min-w-52 flex-1 gap-2.5">
          <Hammer aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" strokeWidth={1.75} />
          <span>
            <span className="font-medium">
              {(session.setup_status && WHAT_HAPPENED[session.setup_status]) ?? 'The setup has not run yet.'}
            </span>{' '}
            <span className="text-muted-foreground">{waiting(session.queued_runs)}</span>
          </span>
        </p>
        <div className="flex flex-wrap gap-1.5">
          <Button size="sm" variant="ghost" busy={update.isPending} onClick={goOn}>
            Go on without
          </Button>
          <Button
            size="sm"
            onClick={() => openEnvironmentDialog({ about: 'setup', sessionId: session.session_id })}
          >
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
      </div>
    </section>
  );
}

function waiting(prompts: number): string {
  if (prompts === 0) return 'Prompts will wait until it has succeeded.';
  return prompts === 1 ? 'Your prompt waits for it.' : `${prompts} prompts wait for it.`;
}
