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
import { type WorkPlace, WorkPlaces } from './work-places.js';

/**
 * Takes runs from the queue, one per free place, and closes those whose runner was lost. BullMQ reports a job
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
  /** Places of runs that are about to be handed over. */
  private readonly reserved = new Map<string, WorkPlace>();
  private closing = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(RUN_QUEUE) private readonly queue: Queue<QueuedRun>,
    private readonly active: ActiveRuns,
    private readonly executor: RunExecutor,
    private readonly telemetry: RunTelemetry,
    private readonly prepared: PreparedSessions,
    private readonly holders: SessionHolders,
    private readonly places: WorkPlaces,
  ) {
    super();
    holders.onOffered({
      reserve: (offer) => this.reserve(offer),
      cancel: ({ run_id: runId }) => this.takeReserved(runId)?.leave(),
      take: (offer) => {
        const work = this.workOnOffered(offer).finally(() => {
          this.offered.delete(work);
          this.fillPlaces();
        });
        this.offered.add(work);
        this.fillPlaces();
      },
    });
    queue.on('error', (error) => this.onError(error));
  }

  /** @param token names the lock of the job */
  async process(job: Job<QueuedRun>, token?: string): Promise<void> {
    const place = this.places.take();
    if (place === null) {
      // A run that had waited for a person has taken the place for which this one was fetched.
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const run = toRunJob(job.data);
    const { runId, sessionId } = run.owner;
    const offer = { session_id: sessionId, run_id: runId, lock: token ?? '' };
    if (!this.prepared.has(sessionId) && (await this.offerRun(offer, place))) throw new WaitingError();
    await this.execute(job, run, place);
  }

  private async offerRun(offer: RunOffer, place: WorkPlace): Promise<boolean> {
    try {
      if (!(await this.holders.offerRun(offer))) return false;
    } catch (error) {
      place.leave();
      throw error;
    }
    place.leave();
    return true;
  }

  private async execute(job: Job<QueuedRun>, run: RunJob, place: WorkPlace): Promise<void> {
    this.telemetry.recordQueueWait(run, new Date(job.timestamp));
    try {
      await this.executor.executeRun(run, place);
    } finally {
      place.leave();
    }
    // Redis keeps ended jobs for a while. A prompt that stays with its job is a waste of memory, and no error.
    await job.updateData(withoutInput(run)).catch(() => undefined);
  }

  onApplicationBootstrap(): void {
    this.places.onCapacityChange(() => this.fillPlaces());
    this.fillPlaces();
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
  private reserve({ session_id: sessionId, run_id: runId }: RunOffer): boolean {
    const others = this.offered.size + this.reserved.size;
    const mayTake = !this.closing && others + 1 < this.places.capacity;
    const place = mayTake && this.prepared.has(sessionId) ? this.places.take() : null;
    if (place) this.reserved.set(runId, place);
    return place !== null;
  }

  private takeReserved(runId: string): WorkPlace | undefined {
    const place = this.reserved.get(runId);
    this.reserved.delete(runId);
    return place;
  }

  /** What the worker does for the jobs that it has taken itself. */
  private async workOnOffered({ run_id: runId, lock }: RunOffer): Promise<void> {
    const place = this.takeReserved(runId);
    const renewal = setInterval(() => void this.renewLock(runId, lock), LOST_RUNNER.lockRenewTime);
    try {
      const job = await this.queue.getJob(runId);
      if (!job || !place) return;
      try {
        await this.execute(job, toRunJob(job.data), place);
        await job.moveToCompleted(undefined, lock, false);
      } catch (error) {
        await job.moveToFailed(error as Error, lock, false).catch(() => undefined);
        await this.close(job);
      }
    } catch (error) {
      // Without its lock it will be found as that of a lost runner.
      this.logger.error({ message: `the run was not taken over: ${String(error)}`, run_id: runId });
    } finally {
      place?.leave();
      clearInterval(renewal);
    }
  }

  private async renewLock(runId: string, lock: string): Promise<void> {
    const job = await this.queue.getJob(runId).catch(() => undefined);
    const renewed = await job?.extendLock(lock, LOST_RUNNER.lockDuration).catch(() => undefined);
    if (renewed === 0) this.active.stopRun(runId, 'lost');
  }

  /** A worker that holds as many jobs as it may fetches no more until one of them ends, so it has to be woken up. */
  private fillPlaces(): void {
    this.worker.concurrency = Math.max(1, this.places.capacity - this.offered.size);
    // There is no public way to do so.
    this.worker['mainLoopQueue']?.add(Promise.resolve());
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
