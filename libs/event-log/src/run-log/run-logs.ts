import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type EventId, toEntryId } from '@saas-codex/contracts/event-ids';
import { type EventData, isTerminalEventType, type TerminalEventType } from '@saas-codex/contracts/events';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import type { RunStatus } from '@saas-codex/contracts/runs';
import type { Redis } from 'ioredis';
import { publishActivity } from '../activity/activity-stream.js';
import type { StreamEntry } from '../redis-stream/stream-entry.js';
import { RunLogAccount } from './run-log-account.js';
import {
  createEvent,
  FINAL_STATUS,
  type LastEntry,
  readLastEntry,
  type RunLogOwner,
  statusActivity,
} from './run-log-entry.js';
import { appendEntry, appendEntryWithActivity } from './run-log.scripts.js';
import { type AppendableEventType, LogFencedError, RunLogWriter } from './run-log.writer.js';
import { RunSpool, type SpooledEntry } from './run-spool.js';

/** What TTL answers for a key that does not expire. */
const NO_EXPIRY = -1;

/*
 * How runs' logs are written.
 *
 *     startLog()            1-0 run.started        + activity run.status running
 *     writer.appendEvent()  2-0, 3-0 …
 *     writer.appendDelta()  n-1, n-2 … after the last durable entry n-0
 *     endLog()              m-0 run.succeeded | …  + activity run.status succeeded | …
 *
 * Each durable entry goes to the run's spool first and then to Redis. When Redis has lost it, `refill` writes it to Redis
 * again from the spool. A tenant's logs in Redis are counted, and limited: see run-log-account.ts.
 */
export class RunLogs {
  private readonly writers = new Map<string, RunLogWriter>();
  private readonly account: RunLogAccount;

  /**
   * @param workspacesRoot the folder with the sessions' workspaces, which have the spools.
   * @param mostPerTenant bytes that the logs of one tenant may take in Redis when this process writes to one of them
   */
  constructor(
    private readonly redis: Redis,
    private readonly workspacesRoot: string,
    mostPerTenant?: number,
  ) {
    this.account = new RunLogAccount(redis, mostPerTenant);
    // Redis is back, perhaps with less than it had. The log must be readable also when its run writes nothing for a while.
    redis.on('ready', () => this.writers.forEach((writer) => writer.restoreLostEntries()));
  }

  /**
   * Opens the log of a run with `run.started` and reports the run as running.
   * @throws LogFencedError when the run has been started before: its agent turn is never started twice.
   */
  async startLog(owner: RunLogOwner, data: EventData<'run.started'>): Promise<RunLogWriter> {
    const writer = randomUUID();
    const event = createEvent(owner, 1, 'run.started', data);
    const entry = { seq: 1, type: event.type, event: JSON.stringify(event), writer };
    const spool = this.spool(owner);
    await this.account.makeRoom(owner.tenantId);
    if ((await readLastEntry(this.redis, owner.runId)).type !== undefined || !(await spool.create(entry)))
      throw new LogFencedError(owner.runId);
    const activity = statusActivity(owner, 'running', event);
    if (!(await appendEntryWithActivity(this.redis, owner.runId, 1, entry, activity))) {
      await this.dropWhenArchived(owner);
      throw new LogFencedError(owner.runId);
    }
    const log = new RunLogWriter({
      redis: this.redis,
      owner,
      writer,
      spool,
      account: this.account,
      refill: () => this.refill(owner),
    });
    this.writers.set(owner.runId, log);
    return log;
  }

  /** Reports the status of a run that works or waits. It may get lost: the run's log says it, too. */
  async reportStatus(owner: RunLogOwner, status: RunStatus): Promise<void> {
    const activity = statusActivity(owner, status, { at: new Date().toISOString(), data: {} });
    await publishActivity(this.redis, activity).catch(() => undefined);
  }

  /**
   * Ends a run's log and reports the run's final status, both or neither. The runner that has the run calls it, or the
   * backend for a run that no runner has; the run need not have started. A writer that is still active is fenced off.
   * @returns false when the log had ended already; then nothing was written.
   */
  async endLog<T extends TerminalEventType>(
    owner: RunLogOwner,
    type: T,
    data: EventData<T>,
  ): Promise<boolean> {
    this.writers.delete(owner.runId);
    const writer = randomUUID();
    for (;;) {
      const last = await this.refill(owner);
      // If the last entry is ours, the command was sent twice around a reconnect.
      if (last.type !== undefined && isTerminalEventType(last.type)) return last.writer === writer;
      const event = createEvent(owner, last.id.seq + 1, type, data);
      const entry = { seq: event.seq, type, event: JSON.stringify(event), writer };
      const activity = statusActivity(owner, FINAL_STATUS[type], event);
      if (!(await appendEntryWithActivity(this.redis, owner.runId, event.seq, entry, activity))) continue;
      await this.spoolEnd(owner, entry);
      return true;
    }
  }

  /**
   * Appends an event to the log of a run that no runner holds any more. A writer that is still active is fenced off.
   * @returns false when the log has not begun, or has ended; then nothing was written.
   */
  async appendToLost<T extends AppendableEventType>(
    owner: RunLogOwner,
    type: T,
    data: EventData<T>,
  ): Promise<boolean> {
    const writer = randomUUID();
    for (;;) {
      const last = await this.refill(owner);
      if (last.type === undefined || isTerminalEventType(last.type)) return last.writer === writer;
      const seq = last.id.seq + 1;
      const entry = { seq, type, event: JSON.stringify(createEvent(owner, seq, type, data)), writer };
      const ids = { after: toEntryId(last.id), id: toEntryId({ seq, delta: 0 }) };
      if ((await appendEntry(this.redis, owner, ids, entry)) !== 'written') continue;
      await this.spool(owner).appendLine(entry);
      return true;
    }
  }

  /**
   * Gives Redis the durable entries that it lacks, each with its own writer. Any number of processes may do so at once.
   * @returns the log's last entry after that
   */
  async refill(owner: RunLogOwner): Promise<LastEntry> {
    const spooled = await this.spool(owner).read();
    for (;;) {
      const last = await readLastEntry(this.redis, owner.runId);
      const lacking = isTerminalEventType(last.type ?? '') ? [] : spooled.slice(last.id.seq);
      if (lacking.length === 0) return last;
      let after = toEntryId(last.id);
      for (const { seq, ...entry } of lacking) {
        const id = toEntryId({ seq, delta: 0 });
        // Refused: another process writes too. The loop looks again at what is still missing.
        if ((await appendEntry(this.redis, owner, { after, id }, entry)) !== 'written') break;
        after = id;
      }
    }
  }

  /** As `refill`, for a reader that wants the event `seq`. Finding the spool's last number is cheap, reading it all is not. */
  async refillTo(owner: RunLogOwner, seq: number): Promise<void> {
    if ((await this.spool(owner).lastSeq()) >= seq) await this.refill(owner);
  }

  /** Up to `count` durable events after `after` that are in the spool: what Redis may lack of a run that is not archived. */
  async readSpool(owner: RunLogOwner, after: EventId, count: number): Promise<StreamEntry[]> {
    const spooled = await this.spool(owner).read();
    return spooled.slice(after.seq, after.seq + count).map(({ seq, type, event }) => ({
      id: { seq, delta: 0 },
      type,
      event: Buffer.from(event),
    }));
  }

  /** Notes that a log is archived, and expires in so many seconds. It may leave Redis earlier, to make room. */
  setArchived(owner: RunLogOwner, seconds: number): Promise<void> {
    return this.account.setArchived(owner, seconds);
  }

  /** Removes a log from Redis. */
  async removeLog(owner: RunLogOwner): Promise<void> {
    await this.account.release(owner);
  }

  /** The end of a run that never started creates the spool. */
  private async spoolEnd(owner: RunLogOwner, entry: SpooledEntry): Promise<void> {
    const spool = this.spool(owner);
    if (entry.seq === 1 && (await spool.create(entry))) await this.dropWhenArchived(owner);
    else await spool.appendLine(entry);
  }

  /** An archived log's stream is set to expire before its spool is removed. A spool that was created later is useless. */
  private async dropWhenArchived(owner: RunLogOwner): Promise<void> {
    const expires = (await this.redis.ttl(REDIS_KEYS.runEvents(owner.runId))) !== NO_EXPIRY;
    if (expires) await this.spool(owner).remove();
  }

  spool({ sessionId, runId }: RunLogOwner): RunSpool {
    return new RunSpool(join(this.workspacesRoot, sessionId, WORKSPACE.spool, `${runId}.log`));
  }
}
