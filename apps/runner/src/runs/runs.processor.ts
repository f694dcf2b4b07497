import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { isUnreachable } from '@saas-codex/service-kit/store-outage';
import { type Job, type Queue, WaitingError } from 'bullmq';
import { CONFIG, type Config } from '../config.js';
import { ActiveRuns } from './active-runs.js';
import { RunExecutor } from './run-executor.js';
import { LOST_RUNNER, type QueuedRun, RUN_QUEUE, toRunJob, withoutInput } from './run-queue.js';
import { RunTelemetry } from './run-telemetry.js';
import { WorkPlaces } from './work-places.js';

/**
 * Takes runs from the queue, one per free place, and closes those whose runner was lost. BullMQ reports a job
 * whose lock has expired to one of the runners as stalled.
 */
@Processor(RUN_QUEUE, { autorun: false, ...LOST_RUNNER })
export class RunsProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RunsProcessor.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectQueue(RUN_QUEUE) private readonly queue: Queue<QueuedRun>,
    private readonly active: ActiveRuns,
    private readonly executor: RunExecutor,
    private readonly telemetry: RunTelemetry,
    private readonly places: WorkPlaces,
  ) {
    super();
    queue.on('error', (error) => this.onError(error));
  }

  async process(job: Job<QueuedRun>, token?: string): Promise<void> {
    const place = this.places.take();
    if (place === null) {
      // A run that had waited for a person has taken the place for which this one was fetched.
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const run = toRunJob(job.data);
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
    const interrupt = () => this.active.stopAllRuns('shutdown');
    const grace = setTimeout(interrupt, this.config.SHUTDOWN_GRACE_SECONDS * 1_000);
    await this.worker.close();
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

  /** A worker that holds as many jobs as it may fetches no more until one of them ends, so it has to be woken up. */
  private fillPlaces(): void {
    this.worker.concurrency = this.places.capacity;
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
