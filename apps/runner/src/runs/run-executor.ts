import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Stopped } from '@saas-codex/contracts/events';
import type { RunCommand } from '@saas-codex/contracts/run-commands';
import { isAside, isCodexRun, textOfInput } from '@saas-codex/contracts/runs';
import {
  LogFencedError,
  LogsFullError,
  type RunLogWriter,
} from '@saas-codex/event-log/run-log/run-log.writer';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { DecryptionError } from '@saas-codex/service-kit/encryption';
import { CONFIG, type Config } from '../config.js';
import { Engines } from '../engine/engines.js';
import { defaultModel } from '../engine/default-model.js';
import {
  type EngineEvent,
  type EngineRun,
  OutputLimitError,
  type RunningTurn,
  TurnNotActiveError,
} from '../engine/port/engine.js';
import type { Redactor } from '../redaction/redactor.js';
import { NO_GRANT, type OpenedGrant, openRunGrant, type RunSecrets } from '../redaction/run-secrets.js';
import { Jail } from '../sandbox/jail/jail.js';
import { limitPassed } from '../sandbox/jail/limits/limits.js';
import { sidePaths } from '../threads/side-workspace.js';
import { imageFilesOf } from '../threads/prompt-images.js';
import { redactConversation } from '../threads/redact-conversation.js';
import { type Thread, ThreadStore } from '../threads/thread-store.js';
import { type ActiveRun, ActiveRuns, type StopReason } from './active-runs.js';
import { BoundedLog } from './bounded-log.js';
import { type LaunchKey, type PreparedRun, PreparedSessions } from './prepared-sessions.js';
import { LateSteers } from './late-steers.js';
import { type OpenedAccess, RunAccess } from './run-access.js';
import { RunInbox } from './run-inbox.js';
import { RunDeadline } from './run-deadline.js';
import { failedOutcome, type RunOutcome, stoppedOutcome } from './run-outcome.js';
import { NetworkQuestions } from './network-questions.js';
import { RunQuestions } from './run-questions.js';
import type { RunJob } from './run-queue.js';
import { RunTelemetry, type RunWatch } from './run-telemetry.js';
import { TurnRecorder } from './turn-recorder.js';
import type { WorkPlace } from './work-places.js';

/*
 * One run, from its claim to the last event of its log.
 *
 *     cancelled already? ──► claim: run.started becomes the log's first entry, or the run was claimed before: leave it
 *         ──► checkpoint ──► the engine's events, one by one ──► end every process ──► run.succeeded | failed | …
 *
 * The log's first entry is the only claim. It can be written once, in Redis and in the run's spool. So a turn is never
 * started twice, even if the queue delivers it again or Redis loses data.
 */

const MEGABYTE = 1024 * 1024;
/** A stopped run leaves no process after 2 s. */
const COUNT_TIMEOUT_MS = 500;

/** A claimed run. */
interface ClaimedRun {
  run: ActiveRun;
  place: WorkPlace;
  job: RunJob;
  thread: Thread;
  /** null: Codex's own default; a setup has no model. */
  model: string | null;
  log: RunLogWriter;
  watch: RunWatch;
}

/** What a turn needs to ask a person. */
interface Waiting extends Pick<ClaimedRun, 'job' | 'place'> {
  network: NetworkQuestions;
  deadline: RunDeadline;
  onError(error: unknown): void;
}

/** What a run gets besides its input. */
interface RunFiles {
  secrets: RunSecrets;
  images: readonly string[];
  prepared: PreparedRun | null;
}

@Injectable()
export class RunExecutor {
  private readonly logger = new Logger(RunExecutor.name);
  /** Names this process in `run.started` without revealing where it runs. */
  private readonly runnerName = `runner-${randomUUID().slice(0, 8)}`;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly logs: RunLogs,
    private readonly active: ActiveRuns,
    private readonly inbox: RunInbox,
    private readonly threads: ThreadStore,
    private readonly access: RunAccess,
    private readonly engines: Engines,
    private readonly jail: Jail,
    private readonly telemetry: RunTelemetry,
    private readonly prepared: PreparedSessions,
    private readonly lateSteers: LateSteers,
  ) {}

  /** Resolves when the run has ended and nothing of it is left. */
  executeRun(job: RunJob, place: WorkPlace): Promise<void> {
    return this.active.holdRun(job.owner.runId, async (run) => {
      if (await this.inbox.hasCancel(run.runId))
        return this.endRun(job, stoppedOutcome('cancelled', job.input.kind));
      const closeInbox = this.inbox.openInbox(run.runId, (command) => obey(run, command));
      try {
        await this.claimAndWork(run, job, place);
      } finally {
        closeInbox();
        await this.prepared.release(run.runId, job.owner.sessionId);
      }
    });
  }

  /** Closes the log of a run whose runner was lost. */
  async closeLostRun(job: RunJob): Promise<void> {
    const cancelled = await this.inbox.hasCancel(job.owner.runId);
    await this.endRun(job, stoppedOutcome(cancelled ? 'cancelled' : 'lost', job.input.kind));
  }

  private async claimAndWork(run: ActiveRun, job: RunJob, place: WorkPlace): Promise<void> {
    const thread = await this.threads.getThread(job.owner.sessionId).catch(() => null);
    const model = await this.modelFor(job, thread);
    const log = await this.claim(job, model);
    if (log === null) return;
    const watch = this.telemetry.beginRun(job);
    const outcome =
      thread === null ? threadGone(job) : await this.work({ run, place, job, thread, model, log, watch });
    await this.endRun(job, outcome);
    watch.end(outcome);
  }

  /** null: the run was claimed before, here or elsewhere. */
  private async claim({ owner, input }: RunJob, model: string | null): Promise<RunLogWriter | null> {
    try {
      return await this.logs.startLog(owner, {
        kind: input.kind,
        prompt: textOfInput(input),
        model,
        runner: this.runnerName,
      });
    } catch (error) {
      if (error instanceof LogFencedError) return null;
      throw error;
    }
  }

  private async work({ run, place, job, thread, model, log, watch }: ClaimedRun): Promise<RunOutcome> {
    const { kind } = job.input;
    const onLogFull = () => run.stop(limitPassed('log', this.config));
    const bounded = new BoundedLog(log, this.config.MAX_RUN_LOG_MB * MEGABYTE, onLogFull);
    const onWriteError = (error: unknown) => run.stop(this.stopAfter(error) ?? 'lost');
    const grant = this.grantOf(job);
    const { secrets } = grant ?? NO_GRANT;
    const { redactor } = secrets;
    const recorder = new TurnRecorder(bounded, kind, redactor, onWriteError);
    const lacksModel = isCodexRun(kind) && job.trustRepository && model === null;
    const problem =
      this.jail.problemWith({ ...job, hasSecrets: Object.keys(secrets.environment).length > 0 }) ??
      (lacksModel ? NO_MODEL : this.cannotAsk(job)) ??
      this.engines.problemWith(kind);
    if (problem !== null) return failedOutcome(kind, { sentence: problem });
    if (grant === null) return failedOutcome(kind, { sentence: UNREADABLE_GRANT });
    const images = await imageFilesOf(thread.paths, imagesIn(job));
    if (images === null) return failedOutcome(kind, { sentence: IMAGE_GONE });
    if (job.input.kind === 'check' && treeOf(job) === null) return failedOutcome(kind, { sentence: NO_TREE });
    const key = launchKeyOf(job, thread, model, redactor);
    const prepared = await this.prepared.take(run.runId, job.owner.sessionId, key);
    // A runner that was killed may have left a conversation as it was.
    await this.forgetSecrets(run, thread, redactor);
    const traced = { ...job, traceparent: watch.traceparent ?? undefined };
    const network = new NetworkQuestions();
    const access = await this.access.openAccess(traced, model, grant, recorder, network, prepared?.trust);
    const deadline = new RunDeadline(this.minutesFor(job) * 60_000, () => run.stop('timeout'));
    const paths = isAside(kind) ? sidePaths(thread.paths, run.runId) : thread.paths;
    const endWatch = this.jail.watchLimits(run.runId, paths, (limit) => run.stop(limit));
    try {
      if (job.checkpoint !== null)
        await log.appendEvent('checkpoint.created', { tree: job.checkpoint, position: 'before' });
      await this.runTurn(
        run,
        this.engineRun(run, { job, thread, model, secrets, images, prepared }, access),
        recorder,
        { watch, access },
        { job, place, network, deadline, onError: onWriteError },
      );
    } catch (error) {
      const stop = this.stopAfter(error) ?? (await this.jail.exceededLimit(run.runId, error));
      if (stop) run.stop(stop);
      if (!run.stopReason && !recorder.hasFailure)
        this.logger.warn({ message: redactor.redact(String(error)), run_id: run.runId });
    } finally {
      deadline.pause();
      endWatch();
      await access.close();
      await recorder.closeItems().catch(onWriteError);
      recorder.close();
      if (!redactor.isEmpty) await this.jail.endRun(run.runId);
      await this.forgetSecrets(run, thread, redactor);
    }
    const { stopReason } = run;
    return stopReason && !recorder.hasCompleted
      ? stoppedOutcome(stopReason, kind, { ...recorder.totals, stopped: run.stopped })
      : recorder.outcome();
  }

  /** null: it is not for this run, or can no longer be opened. */
  private grantOf({ owner, grant }: RunJob): OpenedGrant | null {
    try {
      return openRunGrant(this.config.SERVICE_TOKEN, owner, grant);
    } catch (error) {
      if (error instanceof DecryptionError) return null;
      throw error;
    }
  }

  /** Codex remembers what its commands printed. Nothing of the session may run meanwhile. */
  private async forgetSecrets({ runId }: ActiveRun, { paths }: Thread, redactor: Redactor): Promise<void> {
    if (redactor.isEmpty) return;
    await redactConversation(paths.codexHome, redactor).catch((error: unknown) =>
      this.logger.error({
        message: `secrets may be left in a conversation: ${String(error)}`,
        run_id: runId,
      }),
    );
  }

  /** Why a run ends after this error; null: the error says nothing about it. */
  private stopAfter(error: unknown): StopReason | null {
    if (error instanceof LogFencedError) return 'lost';
    if (error instanceof LogsFullError) return limitPassed('logs', this.config);
    return error instanceof OutputLimitError ? limitPassed('log', this.config) : null;
  }

  private engineRun(
    { runId }: ActiveRun,
    {
      job,
      thread,
      model,
      secrets,
      images,
      prepared,
    }: Pick<ClaimedRun, 'job' | 'thread' | 'model'> & RunFiles,
    { model: access, authorities }: OpenedAccess,
  ): EngineRun {
    const { input, network, trustRepository = false, approvalMode = 'never' } = job;
    const context = { runId, thread, network, authorities, secrets };
    if (input.kind === 'setup') return { ...context, input };
    if (input.kind === 'check') return { ...context, input: { ...input, tree: treeOf(job) ?? '' } };
    if (input.kind === 'edit') return { ...context, input, from: job.checkpoint };
    if (access === null) throw new Error('Codex needs access to a model');
    const turn = prepared?.turn ?? null;
    const { note = null } = job;
    const codex = { ...context, images, note, model, access, trustRepository, approvalMode, prepared: turn };
    // Nothing in its jail needs a secret, and what it writes must not tell one.
    if (input.kind === 'proposal') return { ...codex, input, secrets: { ...secrets, environment: {} } };
    return { ...codex, input };
  }

  /** @throws Error when Codex, the script or the log fails */
  private async runTurn(
    run: ActiveRun,
    engineRun: EngineRun,
    recorder: TurnRecorder,
    { watch, access }: { watch: RunWatch; access: OpenedAccess },
    waiting: Waiting,
  ): Promise<void> {
    const turn = this.engines.startTurn(engineRun);
    const questions = this.questionsOf(run, recorder, waiting);
    run.onAnswer((answer) => questions.answer(answer));
    const { redactor } = engineRun.secrets;
    waiting.network.askThrough((asked, answer) =>
      questions.ask({ ...redactor.redactAll(asked), requestId: asked.requestId }, answer),
    );
    const stop = async () => {
      run.stopped = await this.whatIsAtWork(run, access);
      await turn.interrupt();
      // Processes that Codex or a script has started outlive it, and Codex itself may take its time.
      await this.jail.endRun(run.runId);
    };
    run.signal.addEventListener('abort', () => void stop());
    if (run.signal.aborted) await turn.interrupt();
    let codexThreadId: string | null = null;
    try {
      for await (const event of withJailWatch(turn, watch)) {
        if (event.type === 'thread.started') codexThreadId = event.data.thread_id;
        // Not earlier: a Codex that is killed between the two has named a conversation that cannot be resumed.
        if (event.type === 'turn.started' && codexThreadId !== null)
          await this.threads.rememberCodexThread(engineRun.thread, codexThreadId);
        if (event.type === 'turn.started') run.steering.begin(turn);
        const steer = event.type === 'steer.taken' ? run.steering.take(event.data.messageId) : undefined;
        if (steer) await recorder.recordSteer(steer);
        await recorder.recordEvent(event);
        if (event.type === 'item.completed') questions.complete(event.data.item.id);
        if (event.type === 'approval.requested')
          await questions.ask(
            { ...redactor.redactAll(event.data), requestId: event.data.requestId },
            (decision) => turn.answer(event.data.requestId, decision),
          );
      }
    } finally {
      await questions.close().catch(waiting.onError);
    }
  }

  private questionsOf(
    run: ActiveRun,
    recorder: TurnRecorder,
    { job: { owner }, place, deadline, onError }: Waiting,
  ): RunQuestions {
    return new RunQuestions({
      log: {
        requested: (data) => recorder.recordApproval('approval.requested', data),
        resolved: (data) => recorder.recordApproval('approval.resolved', data),
      },
      report: (status) => this.logs.reportStatus(owner, status),
      pause: () => {
        place.rest();
        deadline.pause();
      },
      resume: async () => {
        await place.resume(run.signal);
        if (!run.signal.aborted) deadline.resume();
      },
      // The turn has ended before it got its answer.
      onError: (error) => (error instanceof TurnNotActiveError ? undefined : onError(error)),
    });
  }

  /** Why a run that should ask would act unasked; null: it would not. */
  private cannotAsk({ input, approvalMode = 'never' }: RunJob): string | null {
    if (approvalMode !== 'ask' || !isCodexRun(input.kind)) return null;
    if (input.kind === 'review') return REVIEW_CANNOT_ASK;
    return this.engines.capabilities.approvals ? null : CANNOT_ASK;
  }

  /** null: it takes too long to find out, and the run must end. */
  private async whatIsAtWork({ runId }: ActiveRun, access: OpenedAccess): Promise<Stopped | null> {
    const connections = access.openConnections();
    const counted = this.jail.countCommands(runId).then((processes) => ({ processes, connections }));
    return Promise.race([counted.catch(() => null), delay(COUNT_TIMEOUT_MS, null, { ref: false })]);
  }

  /** Ends the processes before the log, so that a run that has ended leaves none behind. */
  private async endRun(job: RunJob, { type, data }: RunOutcome): Promise<void> {
    const { owner } = job;
    await this.jail.endRun(owner.runId);
    const { redactor } = (this.grantOf(job) ?? NO_GRANT).secrets;
    await this.lateSteers.record(owner, redactor).catch((error: unknown) =>
      this.logger.error({
        message: `a message may be given to Codex again: ${String(error)}`,
        run_id: owner.runId,
      }),
    );
    await this.logs.endLog(owner, type, data);
    await this.inbox.removeInbox(owner.runId);
  }

  private minutesFor({ input }: RunJob): number {
    return input.kind === 'setup' ? this.config.SETUP_TIMEOUT_MINUTES : this.config.RUN_TIMEOUT_MINUTES;
  }

  private async modelFor({ input, trustRepository }: RunJob, thread: Thread | null): Promise<string | null> {
    if (input.kind === 'setup' || input.kind === 'check' || input.kind === 'edit') return null;
    const named = this.prepared.modelFor(input.model ?? null, thread);
    return trustRepository ? (named ?? defaultModel()) : named;
  }
}

function obey(run: ActiveRun, command: RunCommand): void {
  switch (command.type) {
    case 'cancel':
      return run.stop('cancelled');
    case 'answer':
      return run.takeAnswer(command);
    case 'steer':
      return run.steering.add(command);
  }
}

/** Reports whether what runs in the jail gives its first sign of life. */
async function* withJailWatch(turn: RunningTurn, watch: RunWatch): AsyncGenerator<EngineEvent> {
  const report = watch.beginJail();
  let hasStarted = false;
  try {
    for await (const event of turn.events) {
      if (!hasStarted) report('started');
      hasStarted = true;
      yield event;
    }
  } finally {
    if (!hasStarted) report('failed');
  }
}

/** null: nothing may be prepared for such a run. Its jail has what only runs get, or its conversation is rewritten before. */
function launchKeyOf(
  { input, network, checkpoint, trustRepository }: RunJob,
  { codexThreadId }: Thread,
  model: string | null,
  redactor: Redactor,
): LaunchKey | null {
  if (input.kind !== 'prompt' || trustRepository || !redactor.isEmpty || input.images?.length) return null;
  return { model, effort: input.effort ?? null, network, checkpoint, codexThreadId };
}

const NO_MODEL =
  'The model of a run in a trusted repository must be known beforehand, and Codex does not say which one is its default. Choose a model for the session.';
/** Codex's reviewer works in a thread of its own, which never asks. */
const REVIEW_CANNOT_ASK =
  'A review cannot ask before it acts, and the session does. Change the session’s approvals, then start the review again.';
const CANNOT_ASK =
  'The session asks before it acts, and the engine of this installation (ENGINE) cannot. Change the session’s approvals, or ask your operator.';
const UNREADABLE_GRANT =
  'The secrets of this run could not be opened, since the credential of the services has changed meanwhile. Send it again.';
const IMAGE_GONE =
  'An image of this prompt is no longer there. Send the prompt again, and attach its images anew.';
const NO_TREE = 'It is not known which files are to be checked. Run the checks again.';
/** What is checked: the tree that was named, else the workspace before the run. */
const treeOf = ({ input, checkpoint }: RunJob) => (input.kind === 'check' && input.tree) || checkpoint;
const imagesIn = ({ input }: RunJob) => (input.kind === 'prompt' ? (input.images ?? []) : []);
const threadGone = ({ input }: RunJob) =>
  failedOutcome(input.kind, { sentence: 'The session’s workspace is gone. Start a new session.' });
