import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { textOfInput } from '@saas-codex/contracts/runs';
import type { RunLogOwner } from '@saas-codex/event-log/run-log/run-event-entry';
import { LogFencedError, type RunLogWriter } from '@saas-codex/event-log/run-log/run-log.writer';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import { CONFIG, type Config } from '../config.js';
import { Engine, type EngineEvent, TooMuchOutputError, type Turn } from '../engine/engine.js';
import { Jail } from '../sandbox/jail/jail.js';
import { passed } from '../sandbox/jail/limits/limits.js';
import { type Thread, ThreadStore } from '../threads/thread-store.js';
import { type ActiveRun, ActiveRuns } from './active-runs.js';
import { BoundedLog } from './bounded-log.js';
import { Cancellations } from './cancellations.js';
import { type Ending, failed, stopped } from './ending.js';
import { type OpenedAccess, RunAccess } from './run-access.js';
import type { RunJob } from './run-queue.js';
import { RunTelemetry, type RunWatch } from './run-telemetry.js';
import { TurnRecorder } from './turn-recorder.js';

/*
 * One run, from its claim to the last event of its log.
 *
 *     cancelled already? ──► claim: run.started is the log's first entry, or somebody has had the run: leave it
 *         ──► checkpoint ──► engine's events, one by one ──► end every process ──► run.succeeded | failed | …
 *
 * The log's first entry is the only claim. It can be written once, in Redis and in the run's spool, so that a turn cannot
 * be started twice, whatever the queue does and whatever Redis forgets.
 */

const MEGABYTE = 1024 * 1024;
/** One run at work. */
interface Work {
  run: ActiveRun;
  job: RunJob;
  thread: Thread;
  log: RunLogWriter;
  watch: RunWatch;
}

@Injectable()
export class RunExecutor {
  private readonly logger = new Logger(RunExecutor.name);
  /** Names this process in `run.started`, without telling where it runs. */
  private readonly runnerName = `runner-${randomUUID().slice(0, 8)}`;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly logs: RunLogs,
    private readonly active: ActiveRuns,
    private readonly cancellations: Cancellations,
    private readonly threads: ThreadStore,
    private readonly access: RunAccess,
    private readonly engine: Engine,
    private readonly jail: Jail,
    private readonly telemetry: RunTelemetry,
  ) {}

  /** Resolves when the run has ended and nothing of it is left. */
  execute(job: RunJob): Promise<void> {
    return this.active.hold(job.owner.runId, async (run) => {
      if (await this.cancellations.isRecorded(run.runId))
        return this.end(job.owner, stopped('cancelled', job.input.kind));
      const thread = await this.threads.get(job.owner.sessionId).catch(() => null);
      const log = await this.claim(job, this.modelFor(job, thread));
      if (log === null) return;
      const watch = this.telemetry.begin(job);
      const ending = thread === null ? threadGone(job) : await this.work({ run, job, thread, log, watch });
      await this.end(job.owner, ending);
      watch.end(ending);
    });
  }

  /** Closes the log of a run whose runner is gone. */
  async closeLost({ owner, input }: RunJob): Promise<void> {
    const cancelled = await this.cancellations.isRecorded(owner.runId);
    await this.end(owner, stopped(cancelled ? 'cancelled' : 'lost', input.kind));
  }

  /** null: the run has been claimed before, here or elsewhere. */
  private async claim(
    { owner, input, checkpoint }: RunJob,
    model: string | null,
  ): Promise<RunLogWriter | null> {
    try {
      const log = await this.logs.start(owner, {
        kind: input.kind,
        prompt: textOfInput(input),
        model,
        runner: this.runnerName,
      });
      if (checkpoint !== null)
        await log.append('checkpoint.created', { tree: checkpoint, position: 'before' });
      return log;
    } catch (error) {
      if (error instanceof LogFencedError) return null;
      throw error;
    }
  }

  private async work({ run, job, thread, log, watch }: Work): Promise<Ending> {
    const { kind } = job.input;
    const logFull = () => run.stop(passed('log', this.config));
    const bounded = new BoundedLog(log, this.config.MAX_RUN_LOG_MB * MEGABYTE, logFull);
    const recorder = new TurnRecorder(bounded, kind, thread.paths.repo, () => run.stop('lost'));
    const problem = this.jail.problemWith(job.network);
    if (problem !== null) return failed(kind, { sentence: problem });
    const access = await this.access.open({ ...job, traceparent: watch.traceparent ?? undefined }, recorder);
    const deadline = setTimeout(() => run.stop('timeout'), this.minutesFor(job) * 60_000);
    const endWatch = this.jail.watch(run.runId, thread.paths, (limit) => run.stop(limit));
    // What Codex or a script has started outlives it, and Codex itself may take its time.
    run.signal.addEventListener('abort', () => void this.jail.end(run.runId));
    try {
      await this.play(this.turnOf(run, job, thread, access), recorder, watch);
    } catch (error) {
      const limit = await this.jail.limitBehind(run.runId, error);
      if (error instanceof LogFencedError) run.stop('lost');
      else if (error instanceof TooMuchOutputError) logFull();
      else if (limit) run.stop(limit);
      if (!run.stoppedFor && !recorder.hasFailure)
        this.logger.warn({ message: String(error), run_id: run.runId });
    } finally {
      clearTimeout(deadline);
      endWatch();
      await access.close();
      recorder.close();
    }
    const { stoppedFor } = run;
    return stoppedFor && !recorder.hasCompleted
      ? stopped(stoppedFor, kind, recorder.usageSoFar)
      : recorder.ending();
  }

  private turnOf(run: ActiveRun, job: RunJob, thread: Thread, { model, authority }: OpenedAccess): Turn {
    const { runId, signal } = run;
    const turn = { runId, signal, thread, network: job.network, authority };
    return model === null
      ? { ...turn, kind: 'setup', script: textOfInput(job.input) }
      : {
          ...turn,
          kind: 'prompt',
          prompt: textOfInput(job.input),
          model: this.modelFor(job, thread),
          access: model,
        };
  }

  /** @throws Error when Codex or the log does not go on */
  private async play(turn: Turn, recorder: TurnRecorder, watch: RunWatch): Promise<void> {
    let codexThreadId: string | null = null;
    for await (const event of this.watched(turn, watch)) {
      if (event.type === 'thread.started') codexThreadId = event.thread_id;
      // Not before: a Codex that is killed between the two has named a conversation that cannot be resumed.
      if (event.type === 'turn.started' && codexThreadId !== null)
        await this.threads.rememberCodexThread(turn.thread, codexThreadId);
      await recorder.record(event);
    }
  }

  private async *watched(turn: Turn, watch: RunWatch): AsyncGenerator<EngineEvent> {
    const jailed = watch.beginJail();
    let hasStarted = false;
    try {
      for await (const event of this.engine.run(turn)) {
        if (!hasStarted) jailed('started');
        hasStarted = true;
        yield event;
      }
    } finally {
      if (!hasStarted) jailed('failed');
    }
  }

  /** The processes go first, so that a run that has ended leaves none behind. */
  private async end(owner: RunLogOwner, { type, data }: Ending): Promise<void> {
    await this.jail.end(owner.runId);
    await this.logs.end(owner, type, data);
  }

  private minutesFor({ input }: RunJob): number {
    return input.kind === 'setup' ? this.config.SETUP_TIMEOUT_MINUTES : this.config.RUN_TIMEOUT_MINUTES;
  }

  /** null: Codex's own default, or nobody's. */
  private modelFor({ input }: RunJob, thread: Thread | null): string | null {
    return input.kind === 'setup' ? null : (thread?.model ?? this.config.CODEX_MODEL ?? null);
  }
}

const threadGone = ({ input }: RunJob) =>
  failed(input.kind, { sentence: 'The session’s workspace is gone. Start a new session.' });
