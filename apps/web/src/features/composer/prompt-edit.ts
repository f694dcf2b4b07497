import type { Run } from '@saas-codex/contracts/runs';
import { useEffect, useEffectEvent } from 'react';
import { z } from 'zod';
import { useEditPrompt } from '../../entities/run/api/edit-queue.js';
import { promptEditKey } from '../../entities/run/prompt-draft-key.js';
import type { OrderedRuns } from '../../entities/run/run-order.js';
import { useDraft } from '../../shared/lib/drafts.js';
import { toastNotice, toastUndo } from '../../shared/ui/toast.js';

/** A queued prompt that is being edited in this browser. It survives a reload. */
const Editing = z.object({
  runId: z.string(),
  text: z.string(),
  /** When the text was edited that the person began with; null: never. */
  seenEditAt: z.string().nullable(),
});
type Editing = z.infer<typeof Editing>;

export type PromptEdit = ReturnType<typeof usePromptEdit>;

/**
 * Edits one of the queued prompts of a session. If it starts or is removed meanwhile, what was typed goes to the composer.
 * @param onLeft gets that text
 */
export function usePromptEdit(
  sessionId: string,
  { conversation, queue }: OrderedRuns,
  onLeft: (text: string) => void,
) {
  const [raw, store] = useDraft(promptEditKey(sessionId));
  const editing = read(raw);
  const write = (next: Editing | null) => store(next ? JSON.stringify(next) : '');
  const mutation = useEditPrompt(sessionId, () => write(null));
  const waits = queue.some(
    ({ run_id: id, queue_position: position }) => id === editing?.runId && typeof position === 'number',
  );
  // Before the list has loaded, nothing is known of it.
  const hasLeft = editing !== null && !waits && conversation.length + queue.length > 0 && !mutation.isPending;

  const leave = useEffectEvent(() => {
    if (!editing) return;
    write(null);
    onLeft(editing.text);
    toastNotice('This prompt no longer waits', 'What you typed is in the composer. Send it as a new prompt.');
  });
  useEffect(() => {
    if (hasLeft) leave();
  }, [hasLeft]);

  return {
    editing,
    saving: mutation.isPending,
    error: mutation.error,
    begin: ({ run_id: runId, prompt, edited_at: at = null }: Run) => {
      mutation.reset();
      write({ runId, text: prompt, seenEditAt: at });
    },
    type: (text: string) => editing && write({ ...editing, text }),
    /** Ends without a change. What was typed can be had back. */
    discard: ({ prompt }: Run) => {
      write(null);
      if (editing && editing.text.trim() !== prompt.trim())
        toastUndo('Edit discarded', editing.text, () => write(editing));
    },
    /** @param seenEditAt when the text was edited that is to be replaced */
    save: (seenEditAt: string | null) => {
      if (!editing) return;
      const prompt = editing.text.trim();
      mutation.mutate({ runId: editing.runId, prompt, seenEditAt });
    },
  };
}

function read(raw: string): Editing | null {
  if (raw === '') return null;
  try {
    return Editing.parse(JSON.parse(raw));
  } catch {
    return null;
  }
}
