import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { compareEventIds, type EventId, toEntryId } from '@saas-codex/contracts/event-ids';
import {
  type EventData,
  type EventType,
  isTerminalEventType,
  type RunEventOf,
  type TerminalEventType,
} from '@saas-codex/contracts/events';
import type { Redis } from 'ioredis';
import { createEvent, type LastEntry, readLastEntry, type RunLogOwner } from './run-log-entry.js';
import { appendEntry, type LogEntry } from './run-log.scripts.js';
import type { RunLogAccount } from './run-log-account.js';
import type { RunSpool } from './run-spool.js';

/** The log refused the entry: another writer has written to it or has ended it. */
export class LogFencedError extends Error {
  constructor(runId: string) {
    super(`the log of run ${runId} has another writer or has ended`);
    this.name = 'LogFencedError';
  }
}

/** The logs of the tenant take all of Redis that they may, and none of them can leave. */
export class LogsFullError extends Error {
  constructor(tenantId: string) {
    super(`the logs of tenant ${tenantId} take all that they may`);
    this.name = 'LogsFullError';
  }
}

/** What `appendEvent` takes: the other durable events have functions of their own, and deltas are not durable. */
export type AppendableEventType = Exclude<EventType, TerminalEventType | 'run.started' | 'item.delta'>;

export interface WriterOptions {
  redis: Redis;
  owner: RunLogOwner;
  /** The writer's name in each of its entries. */
  writer: string;
  spool: RunSpool;
  account: RunLogAccount;
  /** Gives Redis the entries that it has lost. */
  refill: () => Promise<LastEntry>;
}

/** How long a write is retried while Redis is away, loads its data or has no memory left. */
const WRITE_TIMEOUT_MS = 30_000;
const RETRY_MS = 250;

/**
 * Writes the entries that follow `run.started`. Each entry must follow the one that this writer wrote last. If anything else
 * writes to the log, above all its end, this writer is fenced off: its next entry is refused. That is why nothing can
 * follow a terminal entry, and why one run cannot have two writers.
 */
export class RunLogWriter {
  private readonly logger = new Logger(RunLogWriter.name);
  private last: EventId = { seq: 1, delta: 0 };
  /** Entries are written one after the other. After a failure no more are written, since its outcome is unknown. */
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
   * @throws LogsFullError when the tenant's logs may not grow. The event is in the spool, and `endLog` adds it to the log.
   */
  appendEvent<T extends AppendableEventType>(type: T, data: EventData<T>): Promise<RunEventOf<T>> {
    return this.inOrder(async () => {
      const event = createEvent(this.options.owner, this.last.seq + 1, type, data);
      const entry = this.entryOf(event);
      await this.spool(event.seq, entry);
      const id = { seq: event.seq, delta: 0 };
      const { tenantId } = this.options.owner;
      if (await this.write(id, entry)) return event;
      await this.options.account.makeRoom(tenantId);
      if (await this.write(id, entry)) return event;
      throw new LogsFullError(tenantId);
    });
  }

  /**
   * Writes a short-lived piece of text after the last durable event, or drops it when the tenant's logs may not grow.
   * @throws LogFencedError when the log has ended or has another writer.
   */
  async appendDelta(data: EventData<'item.delta'>): Promise<void> {
    await this.inOrder(async () => {
      const event = createEvent(this.options.owner, this.last.seq, 'item.delta', data);
      await this.write({ ...this.last, delta: this.last.delta + 1 }, this.entryOf(event));
    });
  }

  /** Gives Redis the entries that it has lost, if it has lost any. */
  restoreLostEntries(): void {
    this.inOrder(async () => {
      const last = await readLastEntry(this.options.redis, this.options.owner.runId);
      if (compareEventIds(last.id, this.last) < 0) await this.restore(last);
    }).catch(() => undefined);
  }

  private entryOf(event: { type: EventType }): LogEntry {
    return { type: event.type, event: JSON.stringify(event), writer: this.options.writer };
  }

  /** A full disk must not end the run: its events are in Redis all the same. */
  private async spool(seq: number, entry: LogEntry): Promise<void> {
    if (this.spoolFails) return;
    await this.options.spool.appendLine({ seq, ...entry }).catch((error: unknown) => {
      this.spoolFails = true;
      this.logger.error(`run ${this.options.owner.runId} continues without a spool: ${String(error)}`);
    });
  }

  /** @returns false when the tenant's logs may not grow by this entry */
  private async write(id: EventId, entry: LogEntry): Promise<boolean> {
    const { redis, owner, account } = this.options;
    const giveUpAt = performance.now() + WRITE_TIMEOUT_MS;
    for (;;) {
      try {
        const ids = { after: toEntryId(this.last), id: toEntryId(id) };
        const outcome = await appendEntry(redis, owner, ids, entry, account.most);
        if (outcome === 'full') return false;
        if (outcome === 'written') break;
        await this.restore(await readLastEntry(redis, owner.runId));
      } catch (error) {
        if (error instanceof LogFencedError || performance.now() > giveUpAt) throw error;
        await delay(RETRY_MS);
      }
    }
    this.last = id;
    return true;
  }

  /** @throws LogFencedError when the log lacks nothing: another writer has written, or it has ended */
  private async restore(last: LastEntry): Promise<void> {
    const { owner, writer, refill } = this.options;
    const ours = last.type === undefined || last.writer === writer;
    const fenced = !ours || isTerminalEventType(last.type ?? '') || compareEventIds(last.id, this.last) >= 0;
    if (fenced) throw new LogFencedError(owner.runId);
    this.logger.warn(
      `Redis has lost the events of run ${owner.runId} after ${toEntryId(last.id)}: writing them again`,
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
