import type { Run, Usage } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { later } from '../../shared/ui/later.js';
import { Tooltip } from '../../shared/ui/tooltip.js';

/** It is not needed to read an answer. */
const RunMenu = later(async () => (await import('./run-menu.js')).RunMenu);

interface RunFooterProps {
  run: Run;
  session: Session;
  answer: string | null;
  /** The model and effort; '': the defaults. */
  model: string;
  usage: Usage | null;
  /** ISO time. */
  endedAt: string | null;
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** The line below a run: copy the answer, tokens used, time. */
export function RunFooter({ run, session, answer, model, usage, endedAt }: RunFooterProps) {
  return (
    <footer className="mt-1 flex min-h-7 items-center gap-2.5 text-xs text-subtle-foreground">
      {answer !== null && <CopyButton text={answer} label="Copy answer" className="-mr-1 -ml-1.5" />}
      {model && <span className="max-w-60 truncate">{model}</span>}
      {usage && <Tokens usage={usage} />}
      {endedAt && (
        <time dateTime={endedAt} title={new Date(endedAt).toLocaleString()}>
          {new Date(endedAt).toLocaleTimeString(undefined, { hour: 'numeric', minute: '2-digit' })}
        </time>
      )}
      {run.kind === 'prompt' && <RunMenu run={run} session={session} />}
    </footer>
  );
}

function Tokens({ usage }: { usage: Usage }) {
  const { input_tokens: input, cached_input_tokens: cached, output_tokens: output } = usage;
  return (
    <Tooltip
      side="top"
      label={
        <dl className="grid grid-cols-[auto_auto] gap-x-4 tabular-nums [&>dd]:text-right [&>dt]:text-muted-foreground">
          <dt>Input</dt>
          <dd>{input.toLocaleString()}</dd>
          <dt>of which cached</dt>
          <dd>{cached.toLocaleString()}</dd>
          <dt>Output</dt>
          <dd>{output.toLocaleString()}</dd>
          <dt>of which reasoning</dt>
          <dd>{usage.reasoning_output_tokens.toLocaleString()}</dd>
        </dl>
      }
    >
      <button type="button" className="cursor-default! rounded-sm tabular-nums pointer-coarse:h-11">
        {compact.format(input + output)} tokens
      </button>
    </Tooltip>
  );
}
