import { randomUUID } from 'node:crypto';
import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { StartRun } from '@saas-codex/contracts/runner-api';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { JobState, Queue } from 'bullmq';
import type { z } from 'zod';
import { ThreadStore } from '../threads/thread-store.js';
import { Cancellations } from './cancellations.js';
import { stopped } from './ending.js';
import { type QueuedRun, RUN_JOB_OPTIONS, RUN_QUEUE, type RunJob, toRunJob } from './run-queue.js';

const WAITING_STATES: (JobState | 'unknown')[] = ['waiting', 'prioritized'];
/** Of a job; unknown: Redis has lost it. */
const ENDED_STATES: (JobState | 'unknown')[] = ['completed', 'failed', 'unknown'];

@Injectable()
export class RunsService {
  constructor(
    @InjectQueue(RUN_QUEUE) private readonly queue: Queue<QueuedRun>,
    private readonly logs: RunLogs,
    private readonly threads: ThreadStore,
    private readonly cancellations: Cancellations,
  ) {}

  /**
   * Queues a run; the same run id again changes nothing.
   * @returns the run's id
   * @throws ProblemError thread_not_found
   */
  async start({
    threadId,
    input,
    network,
    checkpoint,
    traceparent,
    priority,
    runId = randomUUID(),
  }: z.output<typeof StartRun>): Promise<string> {
    const { tenantId } = await this.threads.get(threadId);
    const owner = { runId, tenantId, sessionId: threadId };
    const job: RunJob = { owner, input, network, checkpoint: checkpoint ?? null, traceparent };
    await this.queue.add('run', job, { ...RUN_JOB_OPTIONS, jobId: runId, priority });
    return runId;
  }

  /** Whether the run waits or is worked, by any runner. */
  async isHeld(runId: string): Promise<boolean> {
    const job = await this.queue.getJob(runId);
    return job !== undefined && !ENDED_STATES.includes(await job.getState());
  }

  /** Gives Redis what it has lost of the run's log, should it reach as far as the event `seq`. */
  async refillTo(runId: string, seq: number): Promise<void> {
    const job = await this.queue.getJob(runId);
    if (job) await this.logs.refillTo(job.data.owner, seq);
  }

  /**
   * Cancels a run, wherever it is; one that has ended stays as it is, one that is not known yet will not start.
   * A waiting run's log is closed here, before its job goes: from that moment on nobody can start it.
   */
  async cancel(runId: string): Promise<void> {
    await this.cancellations.record(runId);
    const job = await this.queue.getJob(runId);
    if (job && WAITING_STATES.includes(await job.getState())) {
      const { owner, input } = toRunJob(job.data);
      const { type, data } = stopped('cancelled', input.kind);
      await this.logs.end(owner, type, data);
      // A runner may have taken it meanwhile; then it finds the log closed.
      await job.remove().catch(() => undefined);
    }
    await this.cancellations.announce(runId);
  }
}
