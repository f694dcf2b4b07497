import { randomUUID } from 'node:crypto';
import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { BEFORE_FIRST_EVENT, type EventId, parseEventId, toEntryId } from '@saas-codex/contracts/event-ids';
import {
  EVENT_VERSION,
  type EventData,
  type EventType,
  isTerminalEventType,
  type RunEvent,
  type TerminalEventType,
} from '@saas-codex/contracts/events';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { RunStatus } from '@saas-codex/contracts/runs';
import type { Redis } from 'ioredis';
import { fieldOf } from '../redis-stream/entry-field.js';
import { appendEntry, appendWithActivity } from './run-log.scripts.js';

/*
 * How a run's log is written.
 *
 *     start()        1-0 run.started        + activity run.status running
 *     append()       2-0, 3-0 …
 *     delta()        n-1, n-2 … behind the last durable entry n-0
 *     endRunLog()    m-0 run.succeeded | …  + activity run.status succeeded | …
 *
 * A writer only ever writes behind the entry that it wrote last. Whoever else writes, above all the one who ends
 * the log, fences it off: its next entry is refused. That is why nothing can follow a terminal entry, and why one
 * run cannot have two writers.
 */

export interface RunLogOwner {
  runId: string;
  sessionId: string;
  tenantId: string;
}

/** The log refused the entry: somebody else has written (or closed) it. */
export class LogFencedError extends Error {
  constructor(runId: string) {
    super(`the log of run ${runId} has another writer or has ended`);
    this.name = 'LogFencedError';
  }
}

/** What `append` takes: the other durable entries have a function of their own, deltas are not durable. */
export type AppendableEventType = Exclude<EventType, TerminalEventType | 'run.started' | 'item.delta'>;

export class RunLogWriter {
  private last: EventId = BEFORE_FIRST_EVENT;
  /** Entries go out one after the other; after a failure none goes out any more, since its outcome is unknown. */
  private tail: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly redis: Redis,
    private readonly owner: RunLogOwner,
    private readonly writer: string,
  ) {}

  /**
   * Opens the log of a run with `run.started` and reports the run as running.
   * @throws LogFencedError when the log exists: a run's agent turn is never started twice.
   */
  static async start(
    redis: Redis,
    owner: RunLogOwner,
    data: EventData<'run.started'>,
  ): Promise<RunLogWriter> {
    const log = new RunLogWriter(redis, owner, randomUUID());
    const event = envelope(owner, 1, 'run.started', data);
    const entry = { type: event.type, event: JSON.stringify(event), writer: log.writer };
    const written = await appendWithActivity(
      redis,
      owner.runId,
      1,
      entry,
      statusActivity(owner, 'running', event),
    );
    if (!written) throw new LogFencedError(owner.runId);
    log.last = { seq: 1, delta: 0 };
    return log;
  }

  /** Number of the last durable entry that Redis has acknowledged. */
  get lastSeq(): number {
    return this.last.seq;
  }

  /**
   * Writes the next durable event.
   * @throws LogFencedError when the log has ended or has another writer.
   */
  append<T extends AppendableEventType>(type: T, data: EventData<T>): Promise<RunEvent> {
    return this.inOrder(() => this.write({ seq: this.last.seq + 1, delta: 0 }, type, data));
  }

  /**
   * Writes a short-lived piece behind the last durable event.
   * @throws LogFencedError when the log has ended or has another writer.
   */
  async delta(data: EventData<'item.delta'>): Promise<void> {
    await this.inOrder(() => this.write({ ...this.last, delta: this.last.delta + 1 }, 'item.delta', data));
  }

  private async write(id: EventId, type: EventType, data: EventData<EventType>): Promise<RunEvent> {
    const event = envelope(this.owner, id.seq, type, data);
    const entry = { type, event: JSON.stringify(event), writer: this.writer };
    const ids = { after: toEntryId(this.last), id: toEntryId(id) };
    if (!(await appendEntry(this.redis, this.owner.runId, ids, entry)))
      throw new LogFencedError(this.owner.runId);
    this.last = id;
    return event;
  }

  private inOrder<R>(step: () => Promise<R>): Promise<R> {
    const result = this.tail.then(step);
    this.tail = result;
    // The caller gets the rejection from `result`; `tail` alone must not count as unhandled.
    result.catch(() => undefined);
    return result;
  }
}

/**
 * Ends a run's log and reports the run's final status, both or neither. Works for the holder of the log and for a
 * run that nobody holds, also one that never started. A writer that is still at it is fenced off.
 * @returns false when the log had ended already; then nothing was written.
 */
export async function endRunLog<T extends TerminalEventType>(
  redis: Redis,
  owner: RunLogOwner,
  type: T,
  data: EventData<T>,
): Promise<boolean> {
  const writer = randomUUID();
  for (;;) {
    const last = await lastEntry(redis, owner.runId);
    // Ended by this very call when the command went out twice around a reconnect.
    if (last.type !== undefined && isTerminalEventType(last.type)) return last.writer === writer;
    const event = envelope(owner, last.id.seq + 1, type, data);
    const entry = { type, event: JSON.stringify(event), writer };
    const activity = statusActivity(owner, FINAL_STATUS[type], event);
    if (await appendWithActivity(redis, owner.runId, event.seq, entry, activity)) return true;
  }
}

const FINAL_STATUS: Record<TerminalEventType, RunStatus> = {
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.cancelled': 'cancelled',
  'run.interrupted': 'interrupted',
};

async function lastEntry(
  redis: Redis,
  runId: string,
): Promise<{ id: EventId; type?: string; writer?: string }> {
  const [entry] = await redis.xrevrange(REDIS_KEYS.runEvents(runId), '+', '-', 'COUNT', 1);
  if (!entry) return { id: BEFORE_FIRST_EVENT };
  const [id, fields] = entry;
  return {
    id: parseEventId(id) ?? BEFORE_FIRST_EVENT,
    type: fieldOf(fields, STREAM_FIELDS.type),
    writer: fieldOf(fields, STREAM_FIELDS.writer),
  };
}

function envelope(owner: RunLogOwner, seq: number, type: EventType, data: EventData<EventType>): RunEvent {
  return {
    v: EVENT_VERSION,
    run_id: owner.runId,
    session_id: owner.sessionId,
    tenant_id: owner.tenantId,
    seq,
    at: new Date().toISOString(),
    type,
    data,
  } as RunEvent;
}

/** The activity that tells the run's new status; it has the event's time. */
function statusActivity(
  owner: RunLogOwner,
  status: RunStatus,
  event: RunEvent,
): { type: string; json: string } {
  const activity: RunStatusActivity = {
    v: 1,
    type: 'run.status',
    tenant_id: owner.tenantId,
    session_id: owner.sessionId,
    run_id: owner.runId,
    at: event.at,
    status,
    error: 'reason' in event.data ? event.data.reason : null,
    usage: 'usage' in event.data ? (event.data.usage ?? null) : null,
  };
  return { type: activity.type, json: JSON.stringify(activity) };
}
