import type { Run } from '@saas-codex/contracts/runs';
import type { Session } from '@saas-codex/contracts/sessions';
import { memo, useMemo } from 'react';
import { modelText } from '../../entities/run/prompt-model.js';
import { PromptBubble } from '../../entities/run/prompt-bubble.js';
import type { RunPeople } from '../../entities/run/run-people.js';
import { Markdown } from '../../entities/timeline/markdown/markdown.js';
import {
  currentItem,
  messageText,
  openQuestions,
  reviewIn,
  runPhase,
  splitAnswer,
  workedFor,
} from '../../entities/timeline/present.js';
import { useRunTimeline } from '../../entities/timeline/run-log.js';
import type { RunTimeline } from '../../entities/timeline/run-timeline.js';
import { inWords } from '../../shared/lib/open-enums.js';
import { later } from '../../shared/ui/later.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { RunFiles } from './run-files.js';
import { OpenQuestions } from './open-questions.js';
import { RunFooter } from './run-footer.js';
import { RunEndNotice } from './run-end-notice.js';
import { RunSteps } from './run-steps.js';
import { RunningLine } from './running-line.js';
import { useStaysOpen } from './use-stays-open.js';
import { WorkSection } from './work-section.js';

/** Few runs were refused anything. */
const Refusals = later(async () => (await import('../../entities/timeline/items/refusals.js')).Refusals);

/** Few runs are reviews. */
const ReviewReport = later(
  async () => (await import('../../entities/timeline/items/review-report.js')).ReviewReport,
);
const PendingSteers = later(async () => (await import('./pending-steers.js')).PendingSteers);

/** Few runs are stopped. */
const StopReport = later(async () => (await import('./stop-report.js')).StopReport);

/** Few runs reach a limit. */
const LimitNotice = later(async () => (await import('./limit-notice.js')).LimitNotice);

interface RunBlockProps extends RunPeople {
  run: Run;
  session: Session;
  /** In view, or nearly: its events are loaded. */
  near: boolean;
  latest: boolean;
}

/** One prompt, or a run of a kind that this build does not know, and everything done for it. */
export const RunBlock = memo(({ run, author, stoppedBy, session, near, latest }: RunBlockProps) => {
  const timeline = useRunTimeline(run.run_id, near);
  return (
    <article aria-label={`${inWords(run.kind)}: ${run.prompt.slice(0, 80)}`} className="pb-7">
      {run.kind !== 'prompt' && (
        <p className="pb-2 text-right text-xs text-muted-foreground">{inWords(run.kind)}</p>
      )}
      {author && <p className="truncate pb-1 text-right text-xs text-muted-foreground">{author}</p>}
      {run.prompt && run.kind !== 'compact' && (
        <PromptBubble id={run.run_id} sessionId={run.session_id} prompt={run.prompt} images={run.images} />
      )}
      <div className="pt-3.5">
        <RunBody run={run} stoppedBy={stoppedBy} session={session} timeline={timeline} latest={latest} />
      </div>
    </article>
  );
});

interface RunBodyProps extends Omit<RunBlockProps, 'near' | 'author'> {
  timeline: RunTimeline;
}

function RunBody(props: RunBodyProps) {
  const { run, session, timeline } = props;
  const phase = runPhase(run, timeline);
  const staysOpen = useStaysOpen(run.run_id, phase);
  switch (phase) {
    case 'waiting':
      return <RunningLine label={waitingFor(session)} since={null} />;
    case 'loading':
      return <LoadingRun />;
    case 'running':
      return <LiveRun {...props} />;
    case 'ended':
      return <EndedRun {...props} workOpen={staysOpen} />;
    case 'unknown':
      return <RunOfUnknownStatus {...props} />;
  }
}

const waitingFor = (session: Session): string =>
  session.status === 'provisioning' ? 'Waiting for the repository' : 'Waiting for a free runner';

function LiveRun({ run, session, timeline }: RunBodyProps) {
  const questions = openQuestions(timeline);
  return (
    <>
      <RunSteps entries={timeline.entries} runId={run.run_id} session={session} live />
      <PendingSteers run={run} entries={timeline.entries} />
      {timeline.limit && <LimitNotice limit={timeline.limit} />}
      <OpenQuestions timeline={timeline} session={session} />
      <RunningLine
        label={questions.length > 0 ? 'Waits for an answer' : liveLabel(timeline)}
        since={timeline.startedAt ?? run.started_at}
      />
    </>
  );
}

/** A newer server has statuses that this build does not know: what is there is shown, and the status by its name. */
const RunOfUnknownStatus = ({ run, session, timeline }: RunBodyProps) => (
  <>
    <RunSteps entries={timeline.entries} runId={run.run_id} session={session} live={false} />
    <p className="flex h-7 items-center text-sm text-muted-foreground">{inWords(run.status)}</p>
  </>
);

function liveLabel(timeline: RunTimeline): string {
  if (timeline.position.seq === 0) return 'Starting';
  if (timeline.limit) return 'Needs you';
  const last = timeline.entries.at(-1);
  // The reasoning row above already says that it is thinking.
  if (last?.kind === 'draft') return last.itemType === 'agent_message' ? 'Writing' : 'Working';
  return currentItem(timeline) ? 'Working' : 'Thinking';
}

function EndedRun({
  run,
  stoppedBy,
  session,
  timeline,
  latest,
  workOpen,
}: RunBodyProps & { workOpen: boolean }) {
  const { end, entries, usage } = timeline;
  const { work, answer, refusals } = useMemo(() => splitAnswer(entries), [entries]);
  if (!end) return null;
  const answerText = answer && messageText(answer);
  const review = answer && reviewIn(answer);
  return (
    <>
      <WorkSection
        entries={work}
        runId={run.run_id}
        session={session}
        status={end.status}
        stoppedBy={stoppedBy}
        duration={workedFor(run, timeline)}
        openAtFirst={workOpen}
      />
      {answerText !== null && (
        <div className="pt-3.5 pb-1">
          <Markdown text={answerText} />
        </div>
      )}
      {review && <ReviewReport review={review} session={session} />}
      {refusals.length > 0 && (
        <div className="py-1.5">
          <Refusals id={`${run.run_id}/refusals`} refusals={refusals} session={session} />
        </div>
      )}
      {end.stopped && <StopReport stopped={end.stopped} />}
      <RunEndNotice
        end={end}
        run={run}
        sessionId={session.session_id}
        canFollowUp={latest && session.status === 'ready'}
      />
      {run.diff && run.diff.files > 0 && (
        <RunFiles runId={run.run_id} sessionId={session.session_id} stat={run.diff} />
      )}
      <RunFooter
        run={run}
        session={session}
        answer={answerText}
        model={modelText(run)}
        usage={usage ?? run.usage}
        endedAt={end.at}
      />
    </>
  );
}

const LoadingRun = () => (
  <div aria-busy="true" className="space-y-3 pt-1">
    <span className="sr-only">Loading</span>
    <Skeleton className="h-4 w-32" />
    <Skeleton className="h-4 w-full" />
    <Skeleton className="h-4 w-4/5" />
  </div>
);
