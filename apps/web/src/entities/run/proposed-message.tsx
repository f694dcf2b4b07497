import type { CommitProposal } from '@saas-codex/contracts/shipping';
import { PenLine } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { VisibleText } from '../../shared/ui/visible-text.js';
import { useCancelRun } from './api/cancel-run.js';
import { useLatestProposal, useProposeMessage } from './api/proposals.js';

type Message = NonNullable<CommitProposal['message']>;

/** As git has it. */
const wholeMessage = ({ subject, body }: Message): string =>
  body === '' ? subject : `${subject}\n\n${body}`;

interface ProposeMessageProps {
  sessionId: string;
  /** The files that will be committed. */
  tree: string;
  /** What stands in the field. */
  text: string;
  disabled: boolean;
  onUse: (text: string) => void;
}

/**
 * Has Codex write the message of a commit. It goes into the field if nobody has typed there since; otherwise it is offered, and so
 * is one that was asked for before the form was opened.
 */
export function ProposeMessage({ sessionId, tree, text, disabled, onUse }: ProposeMessageProps) {
  const { run, proposal, error } = useLatestProposal(sessionId);
  const ask = useProposeMessage(sessionId);
  const cancel = useCancelRun(sessionId);
  const mayCancel = usePermission('runs:cancel');
  const [asked, setAsked] = useState<{ runId: string; text: string } | null>(null);
  const isMine = asked !== null && asked.runId === run?.run_id;
  const works = run !== undefined && run.ended_at === null;
  const message = proposal?.run_id === run?.run_id ? proposal?.message : null;
  const fits = proposal?.tree === tree;
  const written = message && fits ? wholeMessage(message) : null;
  const fills = isMine && written !== null && text === asked.text;

  const filledFor = useRef<string | null>(null);
  useEffect(() => {
    // Once: a person may empty the field again.
    if (!fills || filledFor.current === run.run_id) return;
    filledFor.current = run.run_id;
    onUse(written);
  }, [fills, run?.run_id, written, onUse]);

  if (works)
    return (
      <div role="status" className="flex min-h-8 flex-wrap items-center gap-2.5 text-sm">
        <Spinner className="size-4" />
        <span className="min-w-0 flex-1 text-muted-foreground">Codex is writing a message</span>
        {mayCancel && (
          <Button size="sm" busy={cancel.isPending} onClick={() => cancel.mutate(run.run_id)}>
            Cancel
          </Button>
        )}
      </div>
    );
  const failure = isMine && run.status !== 'succeeded' ? run.error : isMine ? proposal?.error : null;
  const problem = ask.error ?? cancel.error ?? (isMine ? error : null);
  return (
    <div className="space-y-2">
      {written !== null && written !== text && (
        <Offer subject={message?.subject ?? ''} onUse={() => onUse(written)} />
      )}
      <div className="flex flex-wrap items-center gap-2.5">
        <Button
          size="sm"
          busy={ask.isPending}
          disabled={disabled}
          onClick={() =>
            ask.mutate({ tree }, { onSuccess: ({ run_id: runId }) => setAsked({ runId, text }) })
          }
        >
          <PenLine aria-hidden className="size-3.5" />
          Propose a message
        </Button>
        {(failure || (isMine && message && !fits)) && (
          <p role="status" className="min-w-0 flex-1 text-xs text-muted-foreground">
            {failure || 'The files have changed since. Ask for a new proposal.'}
          </p>
        )}
      </div>
      {problem && <ErrorNotice error={problem} />}
    </div>
  );
}

/** A message that a person may take. */
export const Offer = ({ subject, onUse }: { subject: string; onUse: () => void }) => (
  <div role="status" className="flex items-center gap-2 rounded-lg border bg-muted/40 px-3 py-2 text-sm">
    <p className="min-w-0 flex-1">
      <span className="text-muted-foreground">Codex proposes: </span>
      <VisibleText>{subject}</VisibleText>
    </p>
    <Button size="sm" onClick={onUse}>
      Use it
    </Button>
  </div>
);
