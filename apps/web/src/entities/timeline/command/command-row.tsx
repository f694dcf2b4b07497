import type { KnownItem } from '@saas-codex/contracts/items';
import { FileText, FolderSearch, type LucideIcon, Search, SquareTerminal } from 'lucide-react';
import { useMemo } from 'react';
import { formatDuration } from '../../../shared/lib/time.js';
import { Badge } from '../../../shared/ui/badge.js';
import { CopyButton } from '../../../shared/ui/copy-button.js';
import { scrollable } from '../../../shared/ui/scroller.js';
import { VisibleText } from '../../../shared/ui/visible-text.js';
import { CodeTarget, StepRow } from '../items/step-row.js';
import { repositoryPath } from '../present.js';
import { plainText } from './ansi.js';
import { CommandOutput } from './command-output.js';
import { type CommandSummary, describeCommand } from './describe-command.js';

type CommandItem = Extract<KnownItem, { type: 'command_execution' }>;

interface CommandRowProps {
  id: string;
  item: CommandItem;
  /** How long it took, in milliseconds; null while it runs. */
  duration: number | null;
  busy: boolean;
  /** The run ended while the command was running. */
  cutOff: boolean;
  repoPath: string;
}

const LOOKS: Record<CommandSummary['action'], { icon: LucideIcon; doing: string; done: string }> = {
  run: { icon: SquareTerminal, doing: 'Running', done: 'Ran' },
  read: { icon: FileText, doing: 'Reading', done: 'Read' },
  list: { icon: FolderSearch, doing: 'Listing', done: 'Listed' },
  search: { icon: Search, doing: 'Searching for', done: 'Searched for' },
};

/** Shorter times say nothing. */
const WORTH_SAYING_MS = 1_000;

/**
 * One command: a line that says what it did and opens to its output. A command that prints while it runs opens itself, and
 * so does a failed one, at its end, where the failure is.
 */
export function CommandRow({ id, item, duration, busy, cutOff, repoPath }: CommandRowProps) {
  const summary = useMemo(() => describeCommand(item.command), [item.command]);
  const { icon, doing, done } = LOOKS[summary.action];
  const failed = commandFailed(item);
  return (
    <StepRow
      id={id}
      icon={icon}
      verb={busy ? doing : item.status === 'declined' ? 'Refused' : done}
      target={<Target summary={summary} repoPath={repoPath} />}
      busy={busy}
      openAtFirst={(busy || failed) && item.aggregated_output !== ''}
      badge={
        <>
          <Outcome item={item} cutOff={cutOff} />
          {duration !== null && duration >= WORTH_SAYING_MS && (
            <span className="shrink-0 text-xs text-subtle-foreground tabular-nums">
              {formatDuration(duration)}
            </span>
          )}
        </>
      }
    >
      <div className="overflow-hidden rounded-lg border bg-card">
        <div className="flex items-start gap-2 border-b bg-muted/50 py-1 pr-1 pl-3">
          <pre
            {...scrollable('Command')}
            className="max-h-32 min-w-0 flex-1 overflow-auto py-0.5 font-mono text-xs whitespace-pre-wrap"
          >
            <span className="text-subtle-foreground select-none">$ </span>
            <VisibleText>{summary.script}</VisibleText>
          </pre>
          <CopyButton label="Copy output" text={() => plainText(item.aggregated_output)} />
        </div>
        {item.aggregated_output ? (
          <CommandOutput output={item.aggregated_output} fromEnd={busy || failed} />
        ) : (
          <p className="px-3 py-2 text-xs text-subtle-foreground">{busy ? 'No output yet' : 'No output'}</p>
        )}
      </div>
    </StepRow>
  );
}

function Target({
  summary: { action, target, scope },
  repoPath,
}: {
  summary: CommandSummary;
  repoPath: string;
}) {
  if (action === 'list' && !target) return <span className="text-muted-foreground">files</span>;
  if (action === 'run') return <CodeTarget>{target.split('\n')[0] ?? ''}</CodeTarget>;
  return (
    <>
      <CodeTarget>{repositoryPath(target, repoPath)}</CodeTarget>
      {scope && (
        <>
          <span className="text-muted-foreground"> in </span>
          <CodeTarget>{repositoryPath(scope, repoPath)}</CodeTarget>
        </>
      )}
    </>
  );
}

/** It ran and ended badly. One that was declined did not run. */
const commandFailed = ({ exit_code, status }: CommandItem): boolean =>
  Boolean(exit_code) || status === 'failed';

/** Nothing for success, so that failures stand out. */
function Outcome({ item, cutOff }: { item: CommandItem; cutOff: boolean }) {
  if (cutOff || item.status === 'stopped') return <Badge>stopped</Badge>;
  if (item.exit_code) return <Badge tone="danger">exit {item.exit_code}</Badge>;
  if (item.status === 'failed') return <Badge tone="danger">failed</Badge>;
  if (item.status === 'declined') return <Badge tone="danger">not run</Badge>;
  return null;
}
