import { MAX_PROMPT_LENGTH } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ArrowUp, Square } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import { useCancelRun } from '../../entities/run/api/cancel-run.js';
import { runsQuery } from '../../entities/run/api/list-runs.js';
import { ImageButton, useImageTarget } from '../../entities/run/images/image-sources.js';
import { useImageLimits } from '../../entities/run/images/use-image-limits.js';
import { giveImagesBack } from '../../entities/run/images/image-drafts.js';
import { useSessionImages } from '../../entities/run/images/use-session-images.js';
import { inFront } from '../../entities/run/prompt-draft-key.js';
import { orderRuns } from '../../entities/run/run-order.js';
import { type SetupState, setupState } from '../../entities/session/session-state.js';
import { hasEnded, useTimelineValue } from '../../entities/timeline/run-log.js';
import { toApiError } from '../../shared/api/api-error.js';
import { cx } from '../../shared/lib/cx.js';
import { isConverting, isEnter, isSendKey } from '../../shared/lib/enter-key.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { AutoTextarea } from '../../shared/ui/auto-textarea.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { later } from '../../shared/ui/later.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { toastError } from '../../shared/ui/toast.js';
import { ModelPicker, usePromptModel } from './model-picker.js';
import { usePathCompletion } from './path-completion.js';
import { useComposerSend, usePromptDraft } from './prompt-draft.js';
import { QueuedPrompts } from './queued-prompts.js';
import { UnsentPrompt } from './unsent-prompt.js';
import { useWarmSession } from './warm-session.js';

/** Few prompts have images. */
const AttachedImages = later(
  async () => (await import('../../entities/run/images/attached-images.js')).AttachedImages,
);

/** Only while a run works. */
const SteerControl = later(async () => (await import('./steer-control.js')).SteerControl);

/** The field for the next prompt. During a run, prompts are queued. */
export function PromptComposer({ session }: { session: Session }) {
  const sessionId = session.session_id;
  const { data } = useInfiniteQuery(runsQuery(sessionId));
  const setup = setupState(session);
  const held = setup === 'held';
  const runs = useMemo(() => orderRuns(data, held), [data, held]);
  const listed = runs.running;
  // The log shows the end a moment before the list of runs does.
  const ended = useTimelineValue(listed?.run_id ?? null, hasEnded);
  const running = ended ? null : listed;
  const { text, change } = usePromptDraft(sessionId);
  const { send, retry, error, dismiss } = useComposerSend(sessionId, change);
  const [model, changeModel] = usePromptModel(sessionId);
  const { stop, stopping } = useStop(sessionId, running?.run_id ?? null);
  const warm = useWarmSession(sessionId);
  const field = useRef<HTMLTextAreaElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const steer = useRef<(() => void) | null>(null);
  const paths = usePathCompletion({
    session,
    field,
    box,
    text,
    onComplete: (completed) => change(() => completed),
  });
  const problem = tooLong(text, MAX_PROMPT_LENGTH);
  const limits = useImageLimits();
  const attached = useSessionImages(sessionId, limits);
  const { over, onPaste, target } = useImageTarget(limits && attached.add);
  const ready = text.trim() !== '' && !problem && attached.complete;

  useEffect(() => {
    // On a touch screen the keyboard would cover the conversation.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus({ preventScroll: true });
  }, []);

  const submit = () => {
    if (ready) send(text, { ...model, images: attached.images });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (paths.onKeyDown(event)) return;
    if (steer.current && (event.ctrlKey || event.metaKey) && isEnter(event)) {
      event.preventDefault();
      steer.current();
    } else if (isSendKey(event)) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape' && running && !isConverting(event.nativeEvent)) {
      event.preventDefault();
      stop();
    }
  };

  return (
    <form
      aria-label="Prompt"
      className="mx-auto w-full max-w-3xl px-4 pb-4 max-sm:px-3 max-sm:pb-3"
      {...target}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {error &&
        (toApiError(error).transient ? (
          <UnsentPrompt onRetry={retry} />
        ) : (
          <ErrorNotice error={error} className="mb-2.5" />
        ))}
      {problem && (
        <p role="alert" className="px-3 pb-2 text-xs text-destructive">
          {problem}
        </p>
      )}
      <QueuedPrompts
        session={session}
        runs={runs}
        note={QUEUE_NOTES[setup]}
        onRestore={(prompt, images = []) => {
          change(inFront(prompt));
          giveImagesBack(sessionId, images);
        }}
      />
      <div
        ref={box}
        className={cx(
          'rounded-[1.375rem] border border-input bg-card p-1.5 shadow-card transition-[border-color,box-shadow] focus-within:border-accent/50 focus-within:ring-3 focus-within:ring-ring/15',
          over && 'border-accent! ring-3 ring-ring/25',
        )}
      >
        {paths.list}
        {attached.shown.length > 0 && (
          <AttachedImages
            images={attached.shown}
            onRemove={(key) => {
              dismiss();
              attached.remove(key);
            }}
            onRetry={attached.retry}
          />
        )}
        <div className="flex items-end gap-1.5">
          {limits && <ImageButton onFiles={attached.add} />}
          <AutoTextarea
            ref={field}
            aria-label="Prompt"
            placeholder={placeholder(session, setup, running !== null)}
            value={text}
            aria-invalid={problem ? true : undefined}
            onChange={(event) => {
              dismiss();
              warm();
              change(() => event.target.value);
              paths.follow(event.target);
            }}
            onSelect={(event) => paths.follow(event.currentTarget)}
            onBlur={paths.close}
            {...paths.fieldProps}
            onKeyDown={onKeyDown}
            onPaste={onPaste}
            className="max-h-[40vh] min-h-8 overflow-y-auto px-3 py-1 text-md pointer-coarse:min-h-11 pointer-coarse:py-2.5"
          />
          <ModelPicker
            session={session}
            chosen={model}
            onChange={(chosen) => {
              dismiss();
              changeModel(chosen);
            }}
          />
          {running && (
            <IconButton
              label={stopping ? 'Stopping' : running.kind === 'setup' ? 'Stop setup' : 'Stop'}
              shortcut={stopping ? undefined : ['esc']}
              side="top"
              size="round"
              disabled={stopping}
              onClick={stop}
              className="border border-input text-foreground"
            >
              {stopping ? <Spinner /> : <Square className="size-3! fill-current" />}
            </IconButton>
          )}
          {(ready || problem || !running) && (
            <IconButton
              type="submit"
              label={running ? 'Queue prompt' : 'Send prompt'}
              shortcut={['enter']}
              side="top"
              size="round"
              variant="primary"
              disabled={!ready}
            >
              <ArrowUp strokeWidth={2.25} />
            </IconButton>
          )}
        </div>
        {running && (
          <SteerControl
            run={running}
            text={text}
            hasImages={attached.shown.length > 0}
            change={change}
            onSent={() => field.current?.focus({ preventScroll: true })}
            ref={steer}
          />
        )}
      </div>
    </form>
  );
}

/** What queued prompts wait for, other than the prompt before them. */
const QUEUE_NOTES: Record<SetupState, string | null> = {
  none: null,
  pending: 'Waiting for the setup',
  // The notice above the queue says it.
  held: null,
  done: null,
};

function placeholder(session: Session, setup: SetupState, running: boolean): string {
  if (session.status === 'provisioning') return 'Write a prompt. It runs when the workspace is ready.';
  if (setup === 'pending') return 'Write a prompt. It runs after the setup.';
  if (setup === 'held') return 'Write a prompt. It waits until the setup succeeds.';
  return running ? 'Write the next prompt. It runs after this one.' : 'What should Codex do next?';
}

/** Stops the running run. `stopping` stays true until the run has ended. */
function useStop(sessionId: string, runId: string | null) {
  const cancel = useCancelRun(sessionId);
  const stopping = runId !== null && cancel.variables === runId && !cancel.isError;
  return {
    stopping,
    stop: () => {
      if (runId && !stopping) cancel.mutate(runId, { onError: toastError });
    },
  };
}
