import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { useOutgoingPrompts } from '../../entities/run/api/prompt-session.js';
import { promptEditKey } from '../../entities/run/prompt-draft-key.js';
import { orderRuns } from '../../entities/run/run-order.js';
import { setupState } from '../../entities/session/session-state.js';
import { useDraft } from '../../shared/lib/drafts.js';
import { later } from '../../shared/ui/later.js';
import type { PromptQueueProps } from './prompt-queue.js';

// Most visits find nothing in the queue.
const PromptQueue = later(async () => (await import('./prompt-queue.js')).PromptQueue);

/** The queue of a session, from the moment on at which something is in it. */
export function QueuedPrompts(props: PromptQueueProps) {
  const { queue, busy } = props.runs;
  const outgoing = useOutgoingPrompts(props.session.session_id);
  const [edit] = useDraft(promptEditKey(props.session.session_id));
  const needed = queue.length > 0 || (busy && outgoing.length > 0) || edit !== '';
  // It stays: what was being edited goes to the composer when its prompt has left the queue.
  const [shown, setShown] = useState(needed);
  if (needed && !shown) setShown(true);
  return shown ? <PromptQueue {...props} /> : null;
}

/** The queued prompts alone, for a person who may only watch. */
export function WaitingPrompts({ session }: { session: Session }) {
  const { data } = useInfiniteQuery(runsQuery(session.session_id));
  const held = setupState(session) === 'held';
  const runs = useMemo(() => orderRuns(data, held), [data, held]);
  return (
    <div className="mx-auto w-full max-w-3xl px-4 max-sm:px-3">
      <QueuedPrompts session={session} runs={runs} note={null} onRestore={() => undefined} />
    </div>
  );
}
