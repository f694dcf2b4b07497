import { Injectable } from '@nestjs/common';

/**
 * The one place that takes a session's thread for work between its runs. Codex lets only one process write a conversation, so
 * whatever keeps one open for the next run has to let go of it here, before the work begins.
 */
@Injectable()
export class ExclusiveThreads {
  private readonly tails = new Map<string, Promise<void>>();
  private letGo: (threadId: string) => Promise<() => Promise<void>> = async () => async () => undefined;

  /** @param letGo resolves when nothing has the thread's conversation open; what it returns is called after the work */
  onTake(letGo: (threadId: string) => Promise<() => Promise<void>>): void {
    this.letGo = letGo;
  }

  /** Does one work at a time for each thread. */
  async takeThread<T>(threadId: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(threadId) ?? Promise.resolve();
    const answer = before.then(async () => {
      const giveBack = await this.letGo(threadId);
      try {
        return await work();
      } finally {
        await giveBack();
      }
    });
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
}
