import { checkItemId } from '@saas-codex/contracts/declared-checks';
import type { CheckResult, CheckRun } from '@saas-codex/contracts/evidence';
import type { KnownItem } from '@saas-codex/contracts/items';
import { CircleCheck, CircleDashed, CircleSlash, CircleX, type LucideIcon } from 'lucide-react';
import { CommandOutput } from '../../entities/timeline/command/command-output.js';
import { StepRow } from '../../entities/timeline/items/step-row.js';
import { useRunTimeline } from '../../entities/timeline/run-log.js';
import type { Entry } from '../../entities/timeline/run-timeline.js';
import { formatDuration } from '../../shared/lib/time.js';

type State = 'waiting' | 'running' | 'passed' | 'failed' | 'stopped' | 'not_run';

const LOOKS: Record<State, { icon: LucideIcon; verb: string; tone: 'neutral' | 'danger' | 'warning' }> = {
  waiting: { icon: CircleDashed, verb: 'Waiting', tone: 'neutral' },
  running: { icon: CircleDashed, verb: 'Running', tone: 'neutral' },
  passed: { icon: CircleCheck, verb: 'Passed', tone: 'neutral' },
  failed: { icon: CircleX, verb: 'Failed', tone: 'danger' },
  stopped: { icon: CircleSlash, verb: 'Stopped', tone: 'warning' },
  not_run: { icon: CircleDashed, verb: 'Not run', tone: 'neutral' },
};

interface CheckLine {
  name: string;
  state: State;
  output: string;
  /** In milliseconds; null: not known yet. */
  duration: number | null;
  exitCode: number | null;
}

interface CheckRowsProps {
  shown: CheckRun;
  /** The names of the checks, while there is no evidence that names them. */
  names: readonly string[];
}

/** The checks of one run, with what they print while they print it. */
export function CheckRows({ shown: { run, evidence }, names }: CheckRowsProps) {
  const { entries } = useRunTimeline(run.run_id);
  const hasEnded = run.ended_at !== null;
  const lines = (evidence?.checks.map(({ name }) => name) ?? names).map((name, index) =>
    toLine(name, entryOf(entries, checkItemId(index)), evidence?.checks[index], hasEnded),
  );
  return (
    <ul aria-label="Checks">
      {lines.map(({ name, state, output, duration, exitCode }) => {
        const { icon, verb, tone } = LOOKS[state];
        const facts = [
          exitCode !== null && exitCode !== 0 && `exit code ${exitCode}`,
          duration !== null && formatDuration(duration),
        ].filter(Boolean);
        return (
          <li key={name}>
            <StepRow
              id={`${run.run_id}/checks/${name}`}
              icon={icon}
              verb={verb}
              target={name}
              badge={<span className="text-xs text-muted-foreground">{facts.join(' · ')}</span>}
              busy={state === 'running'}
              tone={tone}
              openAtFirst={state === 'failed'}
            >
              {output && (
                <div className="overflow-hidden rounded-lg border bg-muted/60">
                  <CommandOutput output={output} fromEnd />
                </div>
              )}
            </StepRow>
          </li>
        );
      })}
    </ul>
  );
}

type CommandEntry = Extract<Entry, { kind: 'item' }> & {
  item: { known: true; value: Extract<KnownItem, { type: 'command_execution' }> };
};

const entryOf = (entries: readonly Entry[], id: string): CommandEntry | undefined =>
  entries.find(
    (entry): entry is CommandEntry =>
      entry.kind === 'item' &&
      entry.item.known &&
      entry.item.value.type === 'command_execution' &&
      entry.item.value.id === id,
  );

function toLine(
  name: string,
  entry: CommandEntry | undefined,
  result: CheckResult | undefined,
  hasEnded: boolean,
): CheckLine {
  const output = entry?.item.value.aggregated_output ?? '';
  if (result) {
    const state = result.status in LOOKS ? (result.status as State) : 'stopped';
    return { name, state, output, duration: result.duration_ms, exitCode: result.exit_code };
  }
  const exitCode = entry?.item.value.exit_code ?? null;
  const { startedAt, completedAt } = entry ?? { startedAt: '', completedAt: null };
  const duration = completedAt === null ? null : Date.parse(completedAt) - Date.parse(startedAt);
  return { name, state: stateOf(entry, exitCode, hasEnded), output, duration, exitCode };
}

function stateOf(entry: CommandEntry | undefined, exitCode: number | null, hasEnded: boolean): State {
  if (!entry) return hasEnded ? 'not_run' : 'waiting';
  if (entry.completedAt === null) return hasEnded ? 'stopped' : 'running';
  if (exitCode === null) return 'stopped';
  return exitCode === 0 ? 'passed' : 'failed';
}
