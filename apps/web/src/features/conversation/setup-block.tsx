import type { Run, RunStatus } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { CircleAlert, Hammer, type LucideIcon, Unplug } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import { scriptTitle } from '../../entities/environment/setup-draft.js';
import { plainText } from '../../entities/timeline/command/ansi.js';
import { CommandOutput } from '../../entities/timeline/command/command-output.js';
import { Refusals } from '../../entities/timeline/items/refusals.js';
import { CodeTarget } from '../../entities/timeline/items/step-row.js';
import { commandOf, refusalsIn, runPhase, workedFor } from '../../entities/timeline/present.js';
import { useRunTimeline } from '../../entities/timeline/run-log.js';
import type { RunTimeline } from '../../entities/timeline/run-timeline.js';
import { cx } from '../../shared/lib/cx.js';
import { inWords, lookUp } from '../../shared/lib/open-enums.js';
import { formatDuration } from '../../shared/lib/time.js';
import { Badge } from '../../shared/ui/badge.js';
import { CopyButton } from '../../shared/ui/copy-button.js';
import { DisclosureArrow, useDisclosure } from '../../shared/ui/disclosure.js';
import { scrollable } from '../../shared/ui/scroller.js';
import { OpenQuestions } from './open-questions.js';
import { RunFiles } from './run-files.js';
import { Elapsed } from './running-line.js';
import { StopReport } from './stop-report.js';

interface SetupBlockProps {
  run: Run;
  session: Session;
  /** In view, or nearly: its events are loaded. */
  near: boolean;
  /** The last block of the conversation. */
  latest: boolean;
}

interface Looks {
  readonly icon: LucideIcon;
  readonly iconLooks: string;
  readonly text: string;
  /** A setup in progress, or one that did not succeed, is open while it is the last block. */
  readonly open: boolean;
}

const LOOKS: Readonly<Record<RunStatus, Looks>> = {
  queued: { icon: Hammer, iconLooks: 'text-subtle-foreground', text: 'Setup queued', open: false },
  running: { icon: Hammer, iconLooks: 'text-accent animate-pulse-soft', text: 'Setting up', open: true },
  waiting: { icon: Hammer, iconLooks: 'text-subtle-foreground', text: 'Setup waits', open: true },
  succeeded: { icon: Hammer, iconLooks: 'text-subtle-foreground', text: 'Setup', open: false },
  failed: { icon: CircleAlert, iconLooks: 'text-destructive', text: 'Setup failed', open: true },
  cancelled: { icon: Hammer, iconLooks: 'text-subtle-foreground', text: 'Setup stopped', open: true },
  interrupted: { icon: Unplug, iconLooks: 'text-warning', text: 'Setup interrupted', open: true },
};

/** One run of the setup script: its output while it runs, one line once it has succeeded. */
export const SetupBlock = memo(({ run, session, near, latest }: SetupBlockProps) => {
  const timeline = useRunTimeline(run.run_id, near);
  const status = statusOf(run, timeline);
  const refusals = refusalsIn(timeline.entries);
  return (
    <article aria-label="Setup" className="pb-7">
      <SetupCard key={`${status}/${latest}`} run={run} timeline={timeline} status={status} latest={latest} />
      {status === 'running' && <OpenQuestions timeline={timeline} session={session} />}
      {refusals.length > 0 && (
        <div className="mt-1.5 px-3.5">
          <Refusals id={`${run.run_id}/refusals`} refusals={refusals} session={session} setup />
        </div>
      )}
      {run.diff && run.diff.files > 0 && (
        <RunFiles runId={run.run_id} sessionId={session.session_id} stat={run.diff} />
      )}
    </article>
  );
});

/** The log shows the beginning and the end a moment before the list of runs does. */
function statusOf(run: Run, timeline: RunTimeline): Run['status'] {
  if (timeline.end) return timeline.end.status;
  return runPhase(run, timeline) === 'running' ? 'running' : run.status;
}

interface SetupCardProps extends Pick<SetupBlockProps, 'latest'> {
  run: Run;
  timeline: RunTimeline;
  status: Run['status'];
}

function SetupCard({ run, timeline, status, latest }: SetupCardProps) {
  const {
    icon: Icon,
    iconLooks,
    text,
    open: opens,
  } = lookUp(LOOKS, status) ?? { ...LOOKS.queued, text: `Setup: ${inWords(status).toLowerCase()}` };
  const { open, trigger, bodyId } = useDisclosure(`${run.run_id}/${status}`, opens && latest);
  const command = commandOf(timeline);
  const running = status === 'running';
  // An exit code is in the header, and what to do about it above the composer.
  const reason = command?.exit_code ? null : (timeline.end?.reason ?? run.error);
  return (
    <div className="overflow-hidden rounded-xl border bg-card shadow-xs">
      <button
        {...trigger}
        className="flex h-10 w-full items-center pointer-coarse:h-11 gap-2.5 px-3.5 text-left text-sm hover:bg-hover"
      >
        <Icon aria-hidden className={cx('size-4 shrink-0', iconLooks)} strokeWidth={1.75} />
        <span className={cx('shrink-0 font-medium', running && 'text-shimmer')}>{text}</span>
        <span className="min-w-0 flex-1 truncate">
          <CodeTarget>{scriptTitle(run.prompt)}</CodeTarget>
        </span>
        {command?.exit_code ? <Badge tone="danger">exit {command.exit_code}</Badge> : null}
        <Duration run={run} timeline={timeline} running={running} />
        <DisclosureArrow open={open} className="size-3.5 text-subtle-foreground" />
      </button>
      {open && (
        <div id={bodyId} className="animate-fade-in border-t">
          <Script id={run.run_id} script={run.prompt}>
            {command?.aggregated_output && (
              <CopyButton label="Copy output" text={() => plainText(command.aggregated_output)} />
            )}
          </Script>
          {command?.aggregated_output ? (
            <CommandOutput output={command.aggregated_output} fromEnd={opens} />
          ) : (
            <p className="px-3.5 py-2.5 text-xs text-subtle-foreground">
              {running || status === 'queued' ? 'No output yet' : 'No output'}
            </p>
          )}
          {reason && (
            <p className="border-t px-3.5 py-2.5 text-sm [overflow-wrap:anywhere] text-muted-foreground">
              {reason}
            </p>
          )}
          {timeline.end?.stopped && (
            <div className="px-3.5 pb-1.5">
              <StopReport stopped={timeline.end.stopped} />
            </div>
          )}
        </div>
      )}
    </div>
  );
}

/** The whole script, folded. The header shows its first command. */
function Script({ id, script, children }: { id: string; script: string; children: ReactNode }) {
  const { open, trigger, bodyId } = useDisclosure(`${id}/script`);
  const lines = script.trim().split('\n').length;
  return (
    <div className="border-b bg-muted/50">
      <div className="flex min-h-8 items-center gap-2 pr-1.5 pl-2">
        <button
          {...trigger}
          className="flex h-6 items-center gap-1.5 pointer-coarse:h-11 rounded-md px-1.5 text-xs text-muted-foreground hover:bg-hover hover:text-foreground"
        >
          Script
          <span className="text-subtle-foreground">
            {lines} {lines === 1 ? 'line' : 'lines'}
          </span>
          <DisclosureArrow open={open} className="size-3" />
        </button>
        <span className="flex-1" />
        {children}
      </div>
      {open && (
        <pre
          id={bodyId}
          {...scrollable('Setup script')}
          className="max-h-60 overflow-auto px-3.5 pt-0.5 pb-2.5 font-mono text-xs/[18px] whitespace-pre-wrap"
        >
          {script.trim()}
        </pre>
      )}
    </div>
  );
}

function Duration({
  run,
  timeline,
  running,
}: Pick<SetupCardProps, 'run' | 'timeline'> & { running: boolean }) {
  const began = timeline.startedAt ?? run.started_at;
  const took = workedFor(run, timeline);
  if (running && began) return <Elapsed since={began} />;
  if (took === null) return null;
  return <span className="shrink-0 text-xs text-subtle-foreground tabular-nums">{formatDuration(took)}</span>;
}
