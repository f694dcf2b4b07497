import { MAX_PROMPT_LENGTH } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { ArrowUp } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { problemErrors } from '../../entities/environment/field-errors.js';
import { networkErrors } from '../../entities/environment/network-draft.js';
import { setupErrors } from '../../entities/environment/setup-draft.js';
import { AttachedImages } from '../../entities/run/images/attached-images.js';
import { ImageButton, useImageTarget } from '../../entities/run/images/image-sources.js';
import { useChosenImages } from '../../entities/run/images/use-chosen-images.js';
import { useImageLimits } from '../../entities/run/images/use-image-limits.js';
import type { NewSessionDraft } from '../../entities/session/new-session-draft.js';
import { cx } from '../../shared/lib/cx.js';
import { isSendKey } from '../../shared/lib/enter-key.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { AutoTextarea } from '../../shared/ui/auto-textarea.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { EnvironmentChip, type EnvironmentPart } from './environment-chip.js';
import { EffortChip } from './effort-chip.js';
import { fieldError } from './failed-field.js';
import { PrivateChip } from './private-chip.js';
import { ModelChip, RefChip, RepositoryChip } from './source-chips.js';
import { useStartSession } from './start-session.js';

interface NewSessionComposerProps {
  draft: NewSessionDraft;
  onChange: (part: Partial<NewSessionDraft>) => void;
  onStarted: () => void;
  /** The latest sessions. What they used is suggested. */
  recent: readonly Session[];
}

export function NewSessionComposer({ draft, onChange, onStarted, recent }: NewSessionComposerProps) {
  const start = useStartSession(onStarted);
  const failure = start.error ? fieldError(start.error) : null;
  const failedField = failure?.field ?? null;
  const problem = failure?.error.problem ?? null;
  const [shown, setShown] = useState<EnvironmentPart | null>(null);
  const prompt = useRef<HTMLTextAreaElement>(null);
  const limits = useImageLimits();
  const chosen = useChosenImages(limits);
  const { over, onPaste, target } = useImageTarget(limits && chosen.add);
  const tooLongPrompt = tooLong(draft.prompt, MAX_PROMPT_LENGTH);
  const ready = draft.prompt.trim() !== '' && !tooLongPrompt && !start.isPending;
  const chip = { recent, onChosen: () => prompt.current?.focus() };

  useEffect(() => {
    // On a touch screen the keyboard would cover the page.
    if (matchMedia('(pointer: fine)').matches) prompt.current?.focus({ preventScroll: true });
  }, []);

  const change = (part: Partial<NewSessionDraft>) => {
    if (start.isError) start.reset();
    onChange(part);
  };
  const submit = () => {
    if (!ready) return;
    const invalid = invalidPart(draft);
    if (invalid) setShown(invalid);
    else start.mutate({ draft, files: chosen.files });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isSendKey(event)) return;
    event.preventDefault();
    submit();
  };

  return (
    <form
      aria-label="New session"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div
        className={cx(
          'rounded-2xl border border-input bg-card shadow-card transition-[border-color,box-shadow] focus-within:border-accent/50 focus-within:ring-3 focus-within:ring-ring/15',
          over && 'border-accent! ring-3 ring-ring/25',
        )}
        {...target}
      >
        {chosen.shown.length > 0 && (
          <div className="px-2 pt-2">
            <AttachedImages images={chosen.shown} onRemove={chosen.remove} />
          </div>
        )}
        <AutoTextarea
          ref={prompt}
          aria-label="Prompt"
          placeholder="Describe a task: fix a bug, add a feature, explain some code…"
          value={draft.prompt}
          onChange={(event) => change({ prompt: event.target.value })}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          aria-invalid={tooLongPrompt ? true : undefined}
          className="max-h-[45vh] min-h-26 overflow-y-auto px-4 pt-3.5 pb-2 text-md"
        />
        <div className="flex items-center gap-1 px-2 pb-2">
          <div className="flex min-w-0 flex-1 items-center gap-1 overflow-x-auto [scrollbar-width:none] max-sm:mask-[linear-gradient(to_right,black_calc(100%-1.5rem),transparent)] max-sm:pr-5">
            <RepositoryChip
              value={draft.repo}
              onChange={(repo) => change({ repo, ref: '', trust: false, include: [] })}
              invalid={failedField === 'repo'}
              {...chip}
            />
            {draft.repo !== '' && (
              <RefChip
                value={draft.ref}
                onChange={(ref) => change({ ref })}
                repository={draft.repo}
                invalid={failedField === 'ref'}
                {...chip}
              />
            )}
            <ModelChip
              value={draft.model}
              onChange={(model) => change({ model })}
              invalid={failedField === 'model'}
              {...chip}
            />
            <EffortChip value={draft.effort} onChange={(effort) => change({ effort })} />
            <EnvironmentChip
              network={draft.network}
              setup={draft.setup}
              secrets={draft.secrets}
              repository={draft.repo === '' ? null : draft}
              onChange={change}
              shown={shown}
              onShow={setShown}
              refused={{
                network: problemErrors(problem, '/network'),
                setup: problemErrors(problem, '/setup'),
              }}
              invalid={failedField === 'network' || failedField === 'setup' || failedField === 'secrets'}
            />
            <PrivateChip value={draft.isPrivate} onChange={(isPrivate) => change({ isPrivate })} />
          </div>
          {limits && <ImageButton onFiles={chosen.add} disabled={start.isPending} />}
          <IconButton
            type="submit"
            label="Start session"
            shortcut={['enter']}
            variant="primary"
            size="round"
            disabled={!ready}
          >
            {start.isPending ? <Spinner /> : <ArrowUp strokeWidth={2.25} />}
          </IconButton>
        </div>
      </div>
      {tooLongPrompt && (
        <p role="alert" className="px-4 pt-2 text-xs text-destructive">
          {tooLongPrompt}
        </p>
      )}
      {failure && (
        <ErrorNotice
          error={failure.error}
          onRetry={failure.error.transient ? submit : undefined}
          className="mt-3"
        />
      )}
    </form>
  );
}

/** The first part with an error. Its panel shows what to correct before the session can start. */
function invalidPart({ network, setup }: NewSessionDraft): EnvironmentPart | null {
  if (Object.keys(networkErrors(network)).length > 0) return 'network';
  return Object.keys(setupErrors(setup)).length > 0 ? 'setup' : null;
}
