import { MAX_PROMPT_LENGTH } from '@saas-codex/contracts/runs';
import { ArrowUp } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { problemErrors } from '../../entities/environment/field-errors.js';
import { networkErrors } from '../../entities/environment/network-draft.js';
import { setupErrors } from '../../entities/environment/setup-draft.js';
import type { NewSessionDraft } from '../../entities/session/new-session-draft.js';
import { isEnter } from '../../shared/lib/enter-key.js';
import { tooLong } from '../../shared/lib/too-long.js';
import { AutoTextarea } from '../../shared/ui/auto-textarea.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { Spinner } from '../../shared/ui/spinner.js';
import { type Field, fieldError } from './failed-field.js';
import { NetworkChip } from './network-chip.js';
import { RepositoryPicker } from './repository-picker.js';
import { SetupChip } from './setup-chip.js';
import { useStartSession } from './start-session.js';
import { ModelChip, RefChip } from './text-chips.js';

interface NewSessionComposerProps {
  draft: NewSessionDraft;
  onChange: (part: Partial<NewSessionDraft>) => void;
  onStarted: () => void;
  /** Suggested addresses. */
  repositories: string[];
}

export function NewSessionComposer({ draft, onChange, onStarted, repositories }: NewSessionComposerProps) {
  const start = useStartSession(onStarted);
  const failure = start.error ? fieldError(start.error) : null;
  const failedField = failure?.field ?? null;
  const problem = failure?.error.problem ?? null;
  const [openField, setOpenField] = useState<Field | null>(null);
  const openOnly = (field: Field) => (open: boolean) => setOpenField(open ? field : null);
  const prompt = useRef<HTMLTextAreaElement>(null);
  const tooLongPrompt = tooLong(draft.prompt, MAX_PROMPT_LENGTH);
  const ready = draft.prompt.trim() !== '' && !tooLongPrompt && !start.isPending;

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
    const invalid = invalidField(draft);
    if (invalid) setOpenField(invalid);
    else start.mutate(draft);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isEnter(event)) return;
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
      <div className="rounded-2xl border border-input bg-card shadow-card transition-[border-color,box-shadow] focus-within:border-accent/50 focus-within:ring-3 focus-within:ring-ring/15">
        <AutoTextarea
          ref={prompt}
          aria-label="Prompt"
          placeholder="Describe a task: fix a bug, add a feature, explain some code…"
          value={draft.prompt}
          onChange={(event) => change({ prompt: event.target.value })}
          onKeyDown={onKeyDown}
          aria-invalid={tooLongPrompt ? true : undefined}
          className="max-h-[45vh] min-h-26 overflow-y-auto px-4 pt-3.5 pb-2 text-md"
        />
        <div className="flex items-center gap-1 px-2 pb-2">
          <div className="flex min-w-0 flex-1 flex-wrap items-center gap-1">
            <RepositoryPicker
              value={draft.repo}
              onChange={(repo) => change({ repo, ref: '' })}
              suggestions={repositories}
              onChosen={() => prompt.current?.focus()}
              invalid={failedField === 'repo'}
            />
            {draft.repo !== '' && (
              <RefChip
                value={draft.ref}
                onChange={(ref) => change({ ref })}
                invalid={failedField === 'ref'}
              />
            )}
            <ModelChip
              value={draft.model}
              onChange={(model) => change({ model })}
              invalid={failedField === 'model'}
            />
            <NetworkChip
              value={draft.network}
              onChange={(network) => change({ network })}
              open={openField === 'network'}
              onOpenChange={openOnly('network')}
              refused={problemErrors(problem, '/network')}
              invalid={failedField === 'network'}
            />
            <SetupChip
              value={draft.setup}
              onChange={(setup) => change({ setup })}
              open={openField === 'setup'}
              onOpenChange={openOnly('setup')}
              refused={problemErrors(problem, '/setup')}
              invalid={failedField === 'setup'}
            />
          </div>
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

/** The first field with an error. Its panel shows what to correct before the session can start. */
function invalidField({ network, setup }: NewSessionDraft): Field | null {
  if (Object.keys(networkErrors(network)).length > 0) return 'network';
  return Object.keys(setupErrors(setup)).length > 0 ? 'setup' : null;
}
