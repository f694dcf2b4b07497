import { Injectable } from '@nestjs/common';
import type { Stopped } from '@saas-codex/contracts/events';
import type { AnswerCommand } from '@saas-codex/contracts/run-commands';
import type { LimitPassed } from '../sandbox/jail/limits/limits.js';
import { Steering } from './steering.js';

/**
 * Why a run is ended from outside: a person cancelled it, its time is up, it exceeds a limit, this runner shuts down, or
 * the run no longer belongs to this runner.
 */
export type StopReason = 'cancelled' | 'timeout' | 'shutdown' | 'lost' | LimitPassed;

/** A run that this runner holds. */
export class ActiveRun {
  readonly steering = new Steering();
  private readonly abort = new AbortController();
  private reason: StopReason | null = null;
  private answerListener: (answer: AnswerCommand) => void = () => undefined;
  /** What was at work when it was stopped; null: not known, or it was not stopped. */
  stopped: Stopped | null = null;

  constructor(readonly runId: string) {}

  /** Aborted when the run is to stop. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  get stopReason(): StopReason | null {
    return this.reason;
  }

  onAnswer(listener: (answer: AnswerCommand) => void): void {
    this.answerListener = listener;
  }

  takeAnswer(answer: AnswerCommand): void {
    this.answerListener(answer);
  }

  /** The first reason counts. */
  stop(reason: StopReason): void {
    this.reason ??= reason;
    this.abort.abort();
  }
}

/** The runs that this process holds now. */
@Injectable()
export class ActiveRuns {
  private readonly runs = new Map<string, ActiveRun>();
  private stopAllReason: StopReason | null = null;

  get count(): number {
    return this.runs.size;
  }

  /** Holds a run while `work` is working on it. During that time it can be stopped. */
  async holdRun<T>(runId: string, work: (run: ActiveRun) => Promise<T>): Promise<T> {
    const run = new ActiveRun(runId);
    this.runs.set(runId, run);
    if (this.stopAllReason) run.stop(this.stopAllReason);
    try {
      return await work(run);
    } finally {
      this.runs.delete(runId);
    }
  }

  /** Does nothing when this runner does not hold the run. */
  stopRun(runId: string, reason: StopReason): void {
    this.runs.get(runId)?.stop(reason);
  }

  /** Stops the runs held now and every run that comes later. */
  stopAllRuns(reason: StopReason): void {
    this.stopAllReason = reason;
    for (const run of this.runs.values()) run.stop(reason);
  }
}
