import type { PromptImage } from '@saas-codex/contracts/images';
import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { Pause } from 'lucide-react';
import { useLayoutEffect, useRef, useState } from 'react';
import { useOrderQueue, useRemovePrompt, useRunNext } from '../../entities/run/api/edit-queue.js';
import { useCanSteer, useSendPromptNow } from '../../entities/run/api/steers.js';
import { useOutgoingPrompts } from '../../entities/run/api/prompt-session.js';
import type { OrderedRuns } from '../../entities/run/run-order.js';
import { useUpdateSession } from '../../entities/session/api/update-session.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { focusContent } from '../../shared/lib/focus.js';
import { Button } from '../../shared/ui/button.js';
import { toastError } from '../../shared/ui/toast.js';
import { usePromptEdit } from './prompt-edit.js';
import { QueuedPrompt, QueuedRow } from './queued-prompt.js';

export interface PromptQueueProps {
  session: Session;
  runs: OrderedRuns;
  /** What they wait for, other than the prompt before them. */
  note: string | null;
  /**
   * Gives the text of a prompt that was removed, or could not be edited any more, back to the composer; of a removed one also
   * its images.
   */
  onRestore: (prompt: string, images?: readonly PromptImage[]) => void;
}

/**
 * The queued prompts, above the composer. Each can be edited, moved and removed, which puts its text into the composer. After
 * a stop they wait until the person resumes them.
 */
export function PromptQueue({ session, runs, note, onRestore }: PromptQueueProps) {
  const { queue, waiting, busy } = runs;
  const sessionId = session.session_id;
  const outgoing = useOutgoingPrompts(sessionId);
  const mayEdit = usePermission('runs:create');
  const mayRemove = usePermission('runs:cancel');
  const edit = usePromptEdit(sessionId, runs, onRestore);
  const { move, moved, keepFocus } = useMoves(sessionId, waiting);
  const removal = useRemovePrompt(sessionId);
  const next = useRunNext(sessionId);
  const sendNow = useSendPromptNow(sessionId);
  const canSteer = useCanSteer(runs.running);
  const sending = busy ? outgoing : [];
  const remove = async ({ run_id: runId, kind, prompt, images }: Run) => {
    try {
      await removal.mutateAsync(runId);
      // Nobody wrote the text of the others, at least not there.
      if (kind === 'prompt') onRestore(prompt, images);
      focusContent();
    } catch (error) {
      toastError(error);
    }
  };
  if (queue.length === 0 && sending.length === 0) return null;
  return (
    <section
      aria-label="Queued prompts"
      className="mx-3 -mb-3 animate-fade-in rounded-t-2xl border border-b-0 bg-muted/60 px-2 pt-1.5 pb-4"
    >
      {note && <p className="px-2 pb-0.5 text-xs text-subtle-foreground">{note}</p>}
      {session.queue_held && queue.some((run) => run.held) && <HeldNotice session={session} />}
      <p role="status" className="sr-only">
        {moved}
      </p>
      <ul ref={keepFocus} className="max-h-60 overflow-y-auto">
        {queue.map((run, index) => (
          <QueuedPrompt
            key={run.run_id}
            run={run}
            note={index === 0 ? 'Next' : `${index + 1}`}
            edit={mayEdit && waiting.includes(run) ? edit : null}
            onMove={(by) => move(run, by)}
            canMove={(by) => neighbourOf(run, by, waiting) !== undefined}
            onSendNow={
              mayEdit && canSteer && !sendNow.isPending && waiting.includes(run) && !run.images?.length
                ? () => sendNow.mutate(run.run_id, { onError: toastError })
                : null
            }
            onRunNext={
              index === 0 && !run.held ? null : () => next.mutate(run.run_id, { onError: toastError })
            }
            onRemove={mayRemove ? () => void remove(run) : null}
            removing={removal.isPending && removal.variables === run.run_id}
          />
        ))}
        {sending.map(({ prompt, images, idempotencyKey }) => (
          <QueuedRow key={idempotencyKey} prompt={prompt} images={images.length} note="…" />
        ))}
      </ul>
    </section>
  );
}

/** With what a prompt changes places. Held ones stay behind the others. */
function neighbourOf(run: Run, by: -1 | 1, waiting: readonly Run[]): Run | undefined {
  const index = waiting.findIndex(({ run_id: id }) => id === run.run_id);
  const neighbour = index < 0 ? undefined : waiting[index + by];
  return neighbour?.held === run.held ? neighbour : undefined;
}

/** Moves prompts by one place. `moved` says so to who does not see it. */
function useMoves(sessionId: string, waiting: readonly Run[]) {
  const order = useOrderQueue(sessionId);
  const [moved, setMoved] = useState('');
  const list = useRef<HTMLUListElement>(null);
  const focused = useRef<{ element: HTMLElement; before: readonly Run[] } | null>(null);
  // An element that moves in the document loses the focus.
  useLayoutEffect(() => {
    if (!focused.current || focused.current.before === waiting) return;
    const { element } = focused.current;
    focused.current = null;
    if (element.isConnected && list.current?.contains(element)) element.focus();
  }, [waiting]);
  const move = (run: Run, by: -1 | 1) => {
    const neighbour = neighbourOf(run, by, waiting);
    if (!neighbour) return;
    const element = document.activeElement;
    focused.current = element instanceof HTMLElement ? { element, before: waiting } : null;
    const swapped = waiting.map((one) => (one === run ? neighbour : one === neighbour ? run : one));
    setMoved(`Moved to place ${swapped.indexOf(run) + 1} of ${swapped.length}`);
    order.mutate(
      swapped.map(({ run_id: id }) => id),
      { onError: toastError },
    );
  };
  return { move, moved, keepFocus: list };
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
