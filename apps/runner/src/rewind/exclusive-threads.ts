import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PreparedSessions } from '../runs/prepared-sessions.js';

/**
 * The one place that takes a session's thread for work between its runs. Codex lets only one process write a conversation, so a
 * Codex that was prepared for the next run, here or on another runner, lets go of it first, as it does for a run.
 */
@Injectable()
export class ExclusiveThreads {
  private readonly tails = new Map<string, Promise<void>>();

  constructor(private readonly prepared: PreparedSessions) {}

  /** Does one work at a time for each thread. */
  async takeThread<T>(threadId: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(threadId) ?? Promise.resolve();
    const answer = before.then(() => this.holdThread(threadId, work));
    const tail = answer.then(
      () => undefined,
      () => undefined,
    );
    this.tails.set(threadId, tail);
    try {
      return await answer;
    } finally {
      if (this.tails.get(threadId) === tail) this.tails.delete(threadId);
    }
  }

  private async holdThread<T>(threadId: string, work: () => Promise<T>): Promise<T> {
    const holder = randomUUID();
    await this.prepared.take(holder, threadId, null);
    try {
      return await work();
    } finally {
      await this.prepared.release(holder, threadId);
    }
  }
}
