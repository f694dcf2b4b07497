import type { Readable } from 'node:stream';

/** Characters of messages that wait to be read. Above that, Codex has to wait. */
const MAX_WAITING = 16 * 1024 * 1024;
/** What a waiting message takes besides its text. */
const OVERHEAD = 256;

/** Messages that wait for their one reader. While there are too many, their source is paused. */
export class MessageQueue<T> implements AsyncIterable<T> {
  private readonly waiting: { message: T; size: number }[] = [];
  private size = 0;
  private failure: Error | null = null;
  private discarding = false;
  private wake: (() => void) | null = null;

  constructor(private readonly source: Readable) {}

  push(message: T, characters: number): void {
    if (this.discarding) return;
    const size = characters + OVERHEAD;
    this.waiting.push({ message, size });
    this.size += size;
    if (this.size > MAX_WAITING) this.source.pause();
    this.wake?.();
  }

  /** No message follows. The reader gets the error after those that wait. */
  fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  /** Nobody reads any more. */
  discard(): void {
    this.discarding = true;
    this.waiting.length = 0;
    this.source.resume();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const next = this.waiting.shift();
      if (next) {
        this.size -= next.size;
        if (this.size <= MAX_WAITING) this.source.resume();
        yield next.message;
      } else {
        if (this.failure) throw this.failure;
        await new Promise<void>((resolve) => (this.wake = resolve));
        this.wake = null;
      }
    }
  }
}
