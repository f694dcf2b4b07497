import type { Run } from '@saas-codex/contracts/runs';
import { MAX_STEER_LENGTH } from '@saas-codex/contracts/steers';
import { type Ref, useImperativeHandle } from 'react';
import { useCanSteer, useSteerRun } from '../../entities/run/api/steers.js';
import { randomId } from '../../shared/lib/random-id.js';
import { Button } from '../../shared/ui/button.js';
import { Kbd } from '../../shared/ui/kbd.js';
import { toastError } from '../../shared/ui/toast.js';
import { inFront } from '../../entities/run/prompt-draft-key.js';
import type { DraftChange } from './prompt-draft.js';
import { sentPrompts } from './sent-prompts.js';

type Send = (() => void) | null;

interface SteerControlProps {
  /** The run that works. */
  run: Run;
  text: string;
  hasImages: boolean;
  change: DraftChange;
  /** The text has been sent, and the composer is empty. */
  onSent: () => void;
  /** Sends the text, for the keyboard; null while this run takes no messages. */
  ref: Ref<Send>;
}

/** Below what is written while a run works: sends it to that run, instead of queueing it. */
export function SteerControl({ run, text, hasImages, change, onSent, ref }: SteerControlProps) {
  const { run_id: runId, session_id: sessionId } = run;
  const can = useCanSteer(run);
  const prompt = text.trim();
  const isLong = prompt.length > MAX_STEER_LENGTH;
  const ready = prompt !== '' && !hasImages && !isLong;
  const { mutate } = useSteerRun(runId, {
    onAccepted: (outgoing) => sentPrompts.forget(sessionId, outgoing),
    onRejected: (outgoing, error) => {
      sentPrompts.giveBack(sessionId, outgoing);
      change(inFront(outgoing.prompt));
      toastError(error);
    },
  });
  const send = () => {
    if (!ready) return;
    const steer = { prompt, images: [], steers: runId };
    // The same text again is the same message: if the first attempt did arrive, it is delivered once.
    const { idempotencyKey } = sentPrompts.returned(sessionId, steer) ?? { idempotencyKey: randomId() };
    sentPrompts.keep(sessionId, { ...steer, idempotencyKey });
    change(() => '');
    mutate({ prompt, idempotencyKey });
    onSent();
  };
  useImperativeHandle<Send, Send>(ref, () => (can ? send : null));
  if (!can || prompt === '') return null;
  return (
    <div className="flex animate-fade-in items-center gap-2 pt-1 pl-3 text-xs text-muted-foreground">
      <p className="min-w-0 flex-1">
        {hasImages || isLong ? (
          `${hasImages ? 'With images' : 'This long'}, it can only be queued.`
        ) : (
          <>
            <span className="pointer-coarse:hidden">Enter</span>
            <span className="pointer-fine:hidden">The arrow</span> queues it for after this run.
          </>
        )}
      </p>
      <Button size="sm" disabled={!ready} onClick={send}>
        Send now
        <span aria-hidden className="pointer-coarse:hidden">
          <Kbd keys={['mod', 'enter']} />
        </span>
      </Button>
    </div>
  );
}
