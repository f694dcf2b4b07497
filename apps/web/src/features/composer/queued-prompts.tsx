import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ListEnd, Pause, X } from 'lucide-react';
import { useMemo } from 'react';
import { useCancelRun } from '../../entities/run/api/cancel-run.js';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { useOutgoingPrompts } from '../../entities/run/api/prompt-session.js';
import { orderRuns } from '../../entities/run/run-order.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { setupState } from '../../entities/session/session-state.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { focusContent } from '../../shared/lib/focus.js';
import { Button } from '../../shared/ui/button.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { toastError, toastUndo } from '../../shared/ui/toast.js';

interface QueuedPromptsProps {
  session: Session;
  /** In the order in which they will run. */
  queue: readonly Run[];
  /** A prompt that is sent now has to wait. */
  busy: boolean;
  /** What they wait for, other than the prompt before them. */
  note: string | null;
  /** Gives the text of a removed prompt back to the composer. */
  onRestore: (prompt: string) => void;
}

/** The queued prompts, above the composer. Each can be removed. After a stop they wait until the person resumes them. */
export function QueuedPrompts({ session, queue, busy, note, onRestore }: QueuedPromptsProps) {
  const sessionId = session.session_id;
  const outgoing = useOutgoingPrompts(sessionId);
  const cancel = useCancelRun(sessionId);
  const mayRemove = usePermission('runs:cancel');
  const sending = busy ? outgoing : [];
  const remove = ({ run_id: runId, prompt }: Run) =>
    cancel
      .mutateAsync(runId)
      // Sent again it would be the last in the queue, or start at once if the queue is on hold: that is the person's choice.
      .then(() =>
        toastUndo('Removed from the queue', prompt, () => onRestore(prompt), 'Move to the composer'),
      )
      .catch(toastError);
  if (queue.length === 0 && sending.length === 0) return null;
  return (
    <section
      aria-label="Queued prompts"
      className="mx-3 -mb-3 animate-fade-in rounded-t-2xl border border-b-0 bg-muted/60 px-2 pt-1.5 pb-4"
    >
      {note && <p className="px-2 pb-0.5 text-xs text-subtle-foreground">{note}</p>}
      {session.queue_held && queue.some((run) => run.held) && <HeldNotice session={session} />}
      <ul className="max-h-40 overflow-y-auto">
        {queue.map((run, index) => (
          <QueuedPrompt key={run.run_id} prompt={run.prompt} note={index === 0 ? 'Next' : `${index + 1}`}>
            {mayRemove && (
              <IconButton
                label="Remove from the queue"
                side="top"
                size="sm"
                disabled={cancel.isPending && cancel.variables === run.run_id}
                onClick={() => void remove(run)}
              >
                <X />
              </IconButton>
            )}
          </QueuedPrompt>
        ))}
        {sending.map(({ prompt, idempotencyKey }) => (
          <QueuedPrompt key={idempotencyKey} prompt={prompt} note="…" />
        ))}
      </ul>
    </section>
  );
}

/** The queued prompts alone, for a person who may only watch. */
export function WaitingPrompts({ session }: { session: Session }) {
  const { data } = useInfiniteQuery(runsQuery(session.session_id));
  const held = setupState(session) === 'held';
  const { queue, busy } = useMemo(() => orderRuns(data, held), [data, held]);
  return (
    <div className="mx-auto w-full max-w-3xl px-4 max-sm:px-3">
      <QueuedPrompts session={session} queue={queue} busy={busy} note={null} onRestore={() => undefined} />
    </div>
  );
}

function HeldNotice({ session }: { session: Session }) {
  const update = useUpdateSession();
  const mayResume = usePermission('sessions:write');
  const resume = () =>
    update.mutate(
      { sessionId: session.session_id, change: { queue_held: false } },
      // The button that had the focus disappears together with the notice.
      { onSuccess: focusContent, onError: (error) => toastError(error) },
    );
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-2 pb-1 text-xs text-muted-foreground">
      <p role="status" className="flex min-w-52 flex-1 items-center gap-2">
        <Pause aria-hidden className="size-3.5 shrink-0 text-warning" />
        On hold since the run was stopped. A new prompt runs first.
      </p>
      {mayResume && (
        <Button size="sm" busy={update.isPending} onClick={resume}>
          Resume queue
        </Button>
      )}
    </div>
  );
}

interface QueuedPromptProps {
  prompt: string;
  note: string;
  children?: React.ReactNode;
}

const QueuedPrompt = ({ prompt, note, children }: QueuedPromptProps) => (
  <li className="flex h-7 items-center pointer-coarse:h-11 gap-2 px-2 text-sm">
    <ListEnd aria-hidden className="size-3.5 shrink-0 text-subtle-foreground" />
    <span className="min-w-6 text-xs text-subtle-foreground">{note}</span>
    <span title={prompt} className="min-w-0 flex-1 truncate text-muted-foreground">
      {prompt}
    </span>
    {children}
  </li>
);
