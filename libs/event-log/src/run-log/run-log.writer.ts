import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { compareEventIds, type EventId, toEntryId } from '@saas-codex/contracts/event-ids';
import {
  type EventData,
  type EventType,
  isTerminalEventType,
  type RunEvent,
  type TerminalEventType,
} from '@saas-codex/contracts/events';
import type { Redis } from 'ioredis';
import { lastEntry, type LastEntry } from './last-entry.js';
import { envelope, type RunLogOwner } from './run-event-entry.js';
import { appendEntry, type LogEntry } from './run-log.scripts.js';
import type { RunSpool } from './run-spool.js';

/** The log refused the entry: somebody else has written (or closed) it. */
export class LogFencedError extends Error {
  constructor(runId: string) {
    super(`the log of run ${runId} has another writer or has ended`);
    this.name = 'LogFencedError';
  }
}

/** What `append` takes: the other durable entries have a function of their own, deltas are not durable. */
export type AppendableEventType = Exclude<EventType, TerminalEventType | 'run.started' | 'item.delta'>;

export interface WriterOptions {
  redis: Redis;
  owner: RunLogOwner;
  /** Its name in every entry. */
  writer: string;
  spool: RunSpool;
  /** Gives Redis what it has lost. */
  refill: () => Promise<LastEntry>;
}

/** For how long a write is tried while Redis is away, loads its data or has no room. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 250;

/**
 * Writes behind `run.started`, and only ever behind the entry that it wrote last. Whoever else writes, above all the one
 * who ends the log, fences it off: its next entry is refused. That is why nothing can follow a terminal entry, and why
 * one run cannot have two writers.
 */
export class RunLogWriter {
  private readonly logger = new Logger(RunLogWriter.name);
  private last: EventId = { seq: 1, delta: 0 };
  /** Entries go out one after the other; after a failure none goes out any more, since its outcome is unknown. */
  private tail: Promise<unknown> = Promise.resolve();
  private spoolFails = false;

  constructor(private readonly options: WriterOptions) {}

  /** Number of the last durable entry that Redis has acknowledged. */
  get lastSeq(): number {
    return this.last.seq;
  }

  /**
   * Writes the next durable event.
   * @throws LogFencedError when the log has ended or has another writer.
   */
  append<T extends AppendableEventType>(type: T, data: EventData<T>): Promise<RunEvent> {
    return this.inOrder(async () => {
      const event = envelope(this.options.owner, this.last.seq + 1, type, data);
      const entry = this.entryOf(event);
      await this.spool(event.seq, entry);
      await this.write({ seq: event.seq, delta: 0 }, entry);
      return event;
    });
  }

  /**
   * Writes a short-lived piece behind the last durable event.
   * @throws LogFencedError when the log has ended or has another writer.
   */
  async delta(data: EventData<'item.delta'>): Promise<void> {
    await this.inOrder(() => {
      const event = envelope(this.options.owner, this.last.seq, 'item.delta', data);
      return this.write({ ...this.last, delta: this.last.delta + 1 }, this.entryOf(event));
    });
  }

  /** Redis may have lost entries: gives them back. */
  check(): void {
    this.inOrder(async () => {
      const last = await lastEntry(this.options.redis, this.options.owner.runId);
      if (compareEventIds(last.id, this.last) < 0) await this.heal(last);
    }).catch(() => undefined);
  }

  private entryOf(event: RunEvent): LogEntry {
    return { type: event.type, event: JSON.stringify(event), writer: this.options.writer };
  }

  /** A full disk must not end the run: Redis has its events all the same. */
  private async spool(seq: number, entry: LogEntry): Promise<void> {
    if (this.spoolFails) return;
    await this.options.spool.append({ seq, ...entry }).catch((error: unknown) => {
      this.spoolFails = true;
      this.logger.error(`run ${this.options.owner.runId} goes on without a spool: ${String(error)}`);
    });
  }

  private async write(id: EventId, entry: LogEntry): Promise<void> {
    const { redis, owner } = this.options;
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        const ids = { after: toEntryId(this.last), id: toEntryId(id) };
        if (await appendEntry(redis, owner.runId, ids, entry)) break;
        await this.heal(await lastEntry(redis, owner.runId));
      } catch (error) {
        if (error instanceof LogFencedError || performance.now() > giveUpAt) throw error;
        await delay(RETRY_MS);
      }
    }
    this.last = id;
  }

  /** @throws LogFencedError when the log does not just lack entries */
  private async heal(last: LastEntry): Promise<void> {
    const { owner, writer, refill } = this.options;
    const ours = last.type === undefined || last.writer === writer;
    const fenced = !ours || isTerminalEventType(last.type ?? '') || compareEventIds(last.id, this.last) >= 0;
    if (fenced) throw new LogFencedError(owner.runId);
    this.logger.warn(
      `Redis has lost events of run ${owner.runId} behind ${toEntryId(last.id)}: writing them again`,
    );
    const filled = await refill();
    if (filled.writer !== writer) throw new LogFencedError(owner.runId);
    this.last = filled.id;
  }

  private inOrder<R>(step: () => Promise<R>): Promise<R> {
    const result = this.tail.then(step);
    this.tail = result;
    // The caller gets the rejection from `result`; `tail` alone must not count as unhandled.
    result.catch(() => undefined);
    return result;
  }
}
