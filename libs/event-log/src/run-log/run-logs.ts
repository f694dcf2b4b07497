import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { toEntryId } from '@saas-codex/contracts/event-ids';
import { type EventData, isTerminalEventType, type TerminalEventType } from '@saas-codex/contracts/events';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import type { Redis } from 'ioredis';
import { type LastEntry, lastEntry } from './last-entry.js';
import { envelope, FINAL_STATUS, type RunLogOwner, statusActivity } from './run-event-entry.js';
import { appendEntry, appendWithActivity } from './run-log.scripts.js';
import { LogFencedError, RunLogWriter } from './run-log.writer.js';
import { RunSpool, type SpooledEntry } from './run-spool.js';

/** What TTL answers for a key that does not expire. */
const STAYS = -1;

/*
 * How runs' logs are written.
 *
 *     start()          1-0 run.started        + activity run.status running
 *     writer.append()  2-0, 3-0 …
 *     writer.delta()   n-1, n-2 … behind the last durable entry n-0
 *     end()            m-0 run.succeeded | …  + activity run.status succeeded | …
 *
 * Each durable entry goes to the run's spool first and then to Redis, and from the spool to Redis again when Redis has
 * lost it: `refill`.
 */
export class RunLogs {
  private readonly writers = new Map<string, RunLogWriter>();

  /** @param workspacesRoot where the spools lie, in their sessions' workspaces. */
  constructor(
    private readonly redis: Redis,
    private readonly workspacesRoot: string,
  ) {
    // Redis is back, perhaps with less than it had: a run that says nothing for a while is to be readable all the same.
    redis.on('ready', () => this.writers.forEach((writer) => writer.check()));
  }

  /**
   * Opens the log of a run with `run.started` and reports the run as running.
   * @throws LogFencedError when the run has been started before: its agent turn is never started twice.
   */
  async start(owner: RunLogOwner, data: EventData<'run.started'>): Promise<RunLogWriter> {
    const writer = randomUUID();
    const event = envelope(owner, 1, 'run.started', data);
    const entry = { seq: 1, type: event.type, event: JSON.stringify(event), writer };
    const spool = this.spool(owner);
    if ((await lastEntry(this.redis, owner.runId)).type !== undefined || !(await spool.create(entry)))
      throw new LogFencedError(owner.runId);
    const activity = statusActivity(owner, 'running', event);
    if (!(await appendWithActivity(this.redis, owner.runId, 1, entry, activity))) {
      await this.dropWhenArchived(owner);
      throw new LogFencedError(owner.runId);
    }
    const log = new RunLogWriter({
      redis: this.redis,
      owner,
      writer,
      spool,
      refill: () => this.refill(owner),
    });
    this.writers.set(owner.runId, log);
    return log;
  }

  /**
   * Ends a run's log and reports the run's final status, both or neither. Works for the holder of the log and for a
   * run that nobody holds, also one that never started. A writer that is still at it is fenced off.
   * @returns false when the log had ended already; then nothing was written.
   */
  async end<T extends TerminalEventType>(owner: RunLogOwner, type: T, data: EventData<T>): Promise<boolean> {
    this.writers.delete(owner.runId);
    const writer = randomUUID();
    for (;;) {
      const last = await this.refill(owner);
      // Ended by this very call when the command went out twice around a reconnect.
      if (last.type !== undefined && isTerminalEventType(last.type)) return last.writer === writer;
      const event = envelope(owner, last.id.seq + 1, type, data);
      const entry = { seq: event.seq, type, event: JSON.stringify(event), writer };
      const activity = statusActivity(owner, FINAL_STATUS[type], event);
      if (!(await appendWithActivity(this.redis, owner.runId, event.seq, entry, activity))) continue;
      await this.spoolEnd(owner, entry);
      return true;
    }
  }

  /**
   * Gives Redis the durable entries that it lacks, under their own writers. Any number of processes may do it at the same time.
   * @returns the log's last entry then
   */
  async refill(owner: RunLogOwner): Promise<LastEntry> {
    const spooled = await this.spool(owner).read();
    for (;;) {
      const last = await lastEntry(this.redis, owner.runId);
      const lacking = isTerminalEventType(last.type ?? '') ? [] : spooled.slice(last.id.seq);
      if (lacking.length === 0) return last;
      let after = toEntryId(last.id);
      for (const { seq, ...entry } of lacking) {
        const id = toEntryId({ seq, delta: 0 });
        // Refused: somebody else writes, too. What they have not given back is looked at again.
        if (!(await appendEntry(this.redis, owner.runId, { after, id }, entry))) break;
        after = id;
      }
    }
  }

  /** As `refill`, for a reader that wants the event `seq`: its number costs little to look for, all of a spool much. */
  async refillTo(owner: RunLogOwner, seq: number): Promise<void> {
    if ((await this.spool(owner).lastSeq()) >= seq) await this.refill(owner);
  }

  /** The end of a run that never started makes the spool, too. */
  private async spoolEnd(owner: RunLogOwner, entry: SpooledEntry): Promise<void> {
    const spool = this.spool(owner);
    if (entry.seq === 1 && (await spool.create(entry))) await this.dropWhenArchived(owner);
    else await spool.append(entry);
  }

  /** A log's stream is made to expire before its spool is removed: a spool that was made later is of no use to anybody. */
  private async dropWhenArchived(owner: RunLogOwner): Promise<void> {
    const expires = (await this.redis.ttl(REDIS_KEYS.runEvents(owner.runId))) !== STAYS;
    if (expires) await this.spool(owner).remove();
  }

  spool({ sessionId, runId }: RunLogOwner): RunSpool {
    return new RunSpool(join(this.workspacesRoot, sessionId, WORKSPACE.spool, `${runId}.log`));
  }
}
