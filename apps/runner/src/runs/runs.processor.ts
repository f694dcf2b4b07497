import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { isUnreachable } from '@saas-codex/service-kit/store-outage';
import { type Job, type Queue, WaitingError } from 'bullmq';
import { CONFIG, type Config } from '../config.js';
import { ActiveRuns } from './active-runs.js';
import { PreparedSessions } from './prepared-sessions.js';
import { RunExecutor } from './run-executor.js';
import { LOST_RUNNER, type QueuedRun, RUN_QUEUE, type RunJob, toRunJob, withoutInput } from './run-queue.js';
import { RunTelemetry } from './run-telemetry.js';
import { type RunOffer, SessionHolders } from './session-holders.js';

/**
 * Takes runs from the queue, MAX_CONCURRENT_RUNS at a time, and closes those whose runner was lost. BullMQ reports a job
 * whose lock has expired to one of the runners as stalled.
 *
 * A run whose session another runner has prepared goes to that one, with its lock, if that one takes it at once (session-holders.ts).
 * Such a run takes a place from those that this runner takes from the queue. If it has taken too many at that moment, the last one
 * goes back into the queue.
 */
@Processor(RUN_QUEUE, { autorun: false, ...LOST_RUNNER })
export class RunsProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RunsProcessor.name);
  /** Runs that other runners have handed over, until they have ended. */
  private readonly offered = new Set<Promise<void>>();
  /** Places for runs that are about to be handed over. */
  private reserved = 0;
  private closing = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(RUN_QUEUE) private readonly queue: Queue<QueuedRun>,
    private readonly active: ActiveRuns,
    private readonly executor: RunExecutor,
    private readonly telemetry: RunTelemetry,
    private readonly prepared: PreparedSessions,
    private readonly holders: SessionHolders,
  ) {
    super();
    holders.onOffered({
      reserve: (offer) => this.reserve(offer),
      cancel: () => void (this.reserved -= 1),
      take: (offer) => {
        const work = this.workOnOffered(offer).finally(() => {
          this.offered.delete(work);
          this.sharePlaces();
        });
        this.offered.add(work);
        this.sharePlaces();
      },
    });
    queue.on('error', (error) => this.onError(error));
  }

  /** @param lock names this attempt in the job's lock */
  async process(job: Job<QueuedRun>, lock = ''): Promise<void> {
    const run = toRunJob(job.data);
    const { runId, sessionId } = run.owner;
    if (this.active.count + this.reserved >= this.config.MAX_CONCURRENT_RUNS) {
      await job.moveToWait(lock);
      throw new WaitingError();
    }
    const offer = { session_id: sessionId, run_id: runId, lock };
    if (!this.prepared.has(sessionId) && (await this.holders.offerRun(offer))) throw new WaitingError();
    await this.execute(job, run);
  }

  private async execute(job: Job<QueuedRun>, run: RunJob): Promise<void> {
    this.telemetry.recordQueueWait(run, new Date(job.timestamp));
    await this.executor.executeRun(run);
    // Redis keeps ended jobs for a while. A prompt that stays with its job is a waste of memory, and no error.
    await job.updateData(withoutInput(run)).catch(() => undefined);
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.config.MAX_CONCURRENT_RUNS;
    this.worker
      .run()
      .catch((error: unknown) => this.logger.error(`the queue is not processed: ${String(error)}`));
  }

  /** Takes no more runs, gives the running ones the grace period, then interrupts them. Waiting runs stay in the queue. */
  async onModuleDestroy(): Promise<void> {
    this.closing = true;
    const interrupt = () => this.active.stopAllRuns('shutdown');
    const grace = setTimeout(interrupt, this.config.SHUTDOWN_GRACE_SECONDS * 1_000);
    await Promise.all([this.worker.close(), ...this.offered]);
    clearTimeout(grace);
  }

  /** Does not wait for a free place, unlike the job itself, which is taken once more to be failed. */
  @OnWorkerEvent('stalled')
  async onStalled(runId: string): Promise<void> {
    const job = await this.queue.getJob(runId);
    if (job) await this.close(job);
  }

  /** The job of a lost run, or one that failed because of Redis or the disk. */
  @OnWorkerEvent('failed')
  async onFailed(job: Job<QueuedRun> | undefined): Promise<void> {
    if (job) await this.close(job);
  }

  /** Another runner may soon take the run for lost: stop before it does. */
  @OnWorkerEvent('lockRenewalFailed')
  onLockLost(runIds: string[]): void {
    for (const runId of runIds) this.active.stopRun(runId, 'lost');
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    // The shared connection reports once that Redis is away.
    if (!isUnreachable(error)) this.logger.warn(`queue: ${error.message}`);
  }

  /** The worker takes one at least, so a runner with one place accepts none. */
  private reserve({ session_id: sessionId }: RunOffer): boolean {
    const { MAX_CONCURRENT_RUNS } = this.config;
    const isFree = this.active.count + this.reserved < MAX_CONCURRENT_RUNS;
    const mayTake = isFree && this.offered.size + this.reserved + 1 < MAX_CONCURRENT_RUNS;
    if (this.closing || !mayTake || !this.prepared.has(sessionId)) return false;
    this.reserved += 1;
    return true;
  }

  private sharePlaces(): void {
    this.worker.concurrency = this.config.MAX_CONCURRENT_RUNS - this.offered.size;
  }

  /** What the worker does for the jobs that it has taken itself. */
  private async workOnOffered({ run_id: runId, lock }: RunOffer): Promise<void> {
    let hasPlace = true;
    const leavePlace = () => {
      if (hasPlace) this.reserved -= 1;
      hasPlace = false;
    };
    const renewal = setInterval(() => void this.renewLock(runId, lock), LOST_RUNNER.lockRenewTime);
    try {
      const job = await this.queue.getJob(runId);
      if (!job) return;
      try {
        const work = this.execute(job, toRunJob(job.data));
        // From here on, the run itself counts.
        leavePlace();
        await work;
        await job.moveToCompleted(undefined, lock, false);
      } catch (error) {
        await job.moveToFailed(error as Error, lock, false).catch(() => undefined);
        await this.close(job);
      }
    } catch (error) {
      // Without its lock it will be found as that of a lost runner.
      this.logger.error({ message: `the run was not taken over: ${String(error)}`, run_id: runId });
    } finally {
      leavePlace();
      clearInterval(renewal);
    }
  }

  private async renewLock(runId: string, lock: string): Promise<void> {
    const job = await this.queue.getJob(runId).catch(() => undefined);
    const renewed = await job?.extendLock(lock, LOST_RUNNER.lockDuration).catch(() => undefined);
    if (renewed === 0) this.active.stopRun(runId, 'lost');
  }

  private async close(job: Job<QueuedRun>): Promise<void> {
    this.logger.warn({ message: 'the run was lost', run_id: job.id });
    try {
      await this.executor.closeLostRun(toRunJob(job.data));
    } catch (error) {
      this.logger.error({ message: `the log cannot be closed: ${String(error)}`, run_id: job.id });
    }
  }
}
