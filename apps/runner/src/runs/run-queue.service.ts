import { randomUUID } from 'node:crypto';
import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { SteerCommand } from '@saas-codex/contracts/run-commands';
import type { AnswerRun, StartRun } from '@saas-codex/contracts/runner-api';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { JobState, Queue } from 'bullmq';
import type { z } from 'zod';
import { ThreadStore } from '../threads/thread-store.js';
import { RunInbox } from './run-inbox.js';
import { stoppedOutcome } from './run-outcome.js';
import { type QueuedRun, RUN_JOB_OPTIONS, RUN_QUEUE, type RunJob, toRunJob } from './run-queue.js';

const WAITING_STATES: (JobState | 'unknown')[] = ['waiting', 'prioritized'];
/** States of a job that neither waits nor runs; unknown: Redis has lost it. */
const ENDED_STATES: (JobState | 'unknown')[] = ['completed', 'failed', 'unknown'];

/** Hands runs to the queue that all runners share, and answers the backend's requests about them. */
@Injectable()
export class RunQueueService {
  constructor(
    @InjectQueue(RUN_QUEUE) private readonly queue: Queue<QueuedRun>,
    private readonly logs: RunLogs,
    private readonly threads: ThreadStore,
    private readonly inbox: RunInbox,
  ) {}

  /**
   * Queues a run. A repeated run id changes nothing.
   * @returns the run's id
   * @throws ProblemError thread_not_found
   */
  async queueRun({
    threadId,
    input,
    network,
    trustRepository,
    approvalMode,
    metered,
    checkpoint,
    grant,
    note,
    traceparent,
    priority,
    runId = randomUUID(),
  }: z.output<typeof StartRun>): Promise<string> {
    const { tenantId } = await this.threads.getThread(threadId);
    const owner = { runId, tenantId, sessionId: threadId };
    const job: RunJob = {
      owner,
      input,
      network,
      trustRepository,
      approvalMode,
      metered,
      checkpoint: checkpoint ?? null,
      grant,
      note,
      traceparent,
    };
    await this.queue.add('run', job, { ...RUN_JOB_OPTIONS, jobId: runId, priority });
    return runId;
  }

  /** How many runners take runs from the queue. A Redis that does not list its clients counts as one. */
  async countRunners(): Promise<number> {
    return Math.max(1, await this.queue.getWorkersCount());
  }

  /** Whether the run waits in the queue or runs on any runner. */
  async isQueuedOrRunning(runId: string): Promise<boolean> {
    const job = await this.queue.getJob(runId);
    return job !== undefined && !ENDED_STATES.includes(await job.getState());
  }

  /** Restores what Redis has lost of the run's log, if the log reaches as far as the event `seq`. */
  async refillLogTo(runId: string, seq: number): Promise<void> {
    const job = await this.queue.getJob(runId);
    if (job) await this.logs.refillTo(job.data.owner, seq);
  }

  /** Answers a question of a run. A run that does not wait for the answer ignores it. */
  answerRun(runId: string, { requestId, decision, timedOut }: z.output<typeof AnswerRun>): Promise<void> {
    return this.inbox.sendCommand(runId, {
      id: `answer-${requestId}`,
      type: 'answer',
      request_id: requestId,
      decision,
      timed_out: timedOut,
    });
  }

  /** Sends a message to a run. One that has not started gets it when it works; one that has ended never does. */
  async steerRun(runId: string, message: Pick<SteerCommand, 'id' | 'prompt'>): Promise<void> {
    await this.inbox.sendCommand(runId, { ...message, type: 'steer' });
  }

  /**
   * Cancels a run in any state. A run that has ended does not change, and a run that is not known yet will not start.
   * The log of a waiting run is closed here, before its job is removed: from then on no runner can start it.
   */
  async cancelRun(runId: string): Promise<void> {
    await this.inbox.sendCommand(runId, { id: 'cancel', type: 'cancel' });
    const job = await this.queue.getJob(runId);
    if (!job || !WAITING_STATES.includes(await job.getState())) return;
    const { owner, input } = toRunJob(job.data);
    const { type, data } = stoppedOutcome('cancelled', input.kind);
    await this.logs.endLog(owner, type, data);
    // A runner may have taken it meanwhile. It finds the log closed.
    await job.remove().catch(() => undefined);
  }
}
