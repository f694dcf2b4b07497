import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { isUnreachable } from '@saas-codex/service-kit/store-outage';
import type { Job, Queue } from 'bullmq';
import { CONFIG, type Config } from '../config.js';
import { ActiveRuns } from './active-runs.js';
import { RunExecutor } from './run-executor.js';
import { LOST_RUNNER, type QueuedRun, RUN_QUEUE, toRunJob } from './run-queue.js';
import { RunTelemetry } from './run-telemetry.js';

/**
 * Takes runs from the queue, MAX_CONCURRENT_RUNS at a time, and sees to those whose runner was lost, here or
 * anywhere: BullMQ reports a job without a living lock as stalled to one of the runners.
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
  ) {
    super();
    queue.on('error', (error) => this.onError(error));
  }

  process(job: Job<QueuedRun>): Promise<void> {
    this.telemetry.taken(job);
    return this.executor.execute(toRunJob(job.data));
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.config.MAX_CONCURRENT_RUNS;
    this.worker
      .run()
      .catch((error: unknown) => this.logger.error(`the queue is not worked: ${String(error)}`));
  }

  /** Takes no more runs, gives those at work the grace period, and interrupts the rest. What waits stays in the queue. */
  async onModuleDestroy(): Promise<void> {
    const interrupt = () => this.active.stopAll('shutdown');
    const grace = setTimeout(interrupt, this.config.SHUTDOWN_GRACE_SECONDS * 1_000);
    await this.worker.close();
    clearTimeout(grace);
  }

  /** Does not wait until a place is free, unlike the job itself, which comes back once more to be failed. */
  @OnWorkerEvent('stalled')
  async onStalled(runId: string): Promise<void> {
    const job = await this.queue.getJob(runId);
    if (job) await this.close(job);
  }

  /** The job of a lost run, or one that could not be worked because Redis or the disk failed. */
  @OnWorkerEvent('failed')
  async onFailed(job: Job<QueuedRun> | undefined): Promise<void> {
    if (job) await this.close(job);
  }

  /** Another runner may take the run as lost now: stop before it does. */
  @OnWorkerEvent('lockRenewalFailed')
  onLockLost(runIds: string[]): void {
    for (const runId of runIds) this.active.stop(runId, 'lost');
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    // That Redis is away is told once, by the connection that all share.
    if (!isUnreachable(error)) this.logger.warn(`queue: ${error.message}`);
  }

  private async close(job: Job<QueuedRun>): Promise<void> {
    this.logger.warn({ message: 'the run was lost', run_id: job.id });
    try {
      await this.executor.closeLost(toRunJob(job.data));
    } catch (error) {
      this.logger.error({ message: `the log cannot be closed: ${String(error)}`, run_id: job.id });
    }
  }
}
