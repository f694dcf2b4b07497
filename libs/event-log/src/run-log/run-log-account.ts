import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import type { RunLogOwner } from './run-log-entry.js';

/*
 * What the logs of a tenant's runs take in Redis, and who makes room when that is too much. The scripts that append to a log
 * count its bytes in the same step (run-log.scripts.ts).
 *
 *     codex:log-bytes:{tenant}       run ─► bytes, and their sum
 *     codex:archived-logs:{tenant}   run ─► when its log expires
 *
 *     a run starts, or an event does not fit ─► archived logs leave early, those that would expire first come first
 *                                                 └─► there is room, or the run that writes ends (LogsFullError)
 *
 * What is not archived never leaves. So readers lose nothing: they go on in Postgres, as after an expiry.
 */

/** The field of the hash that has the sum. */
export const TOTAL_FIELD = 'total';
/** Room is made until so much of what a tenant may take is left to the runs that write. */
const ROOM = 1 / 4;
const RELEASED_AT_ONCE = 100;

/*
 * Removes a log and what is counted for it. Works without memory, too: Redis refuses a write that needs some only as the first
 * one of a script.
 *
 * Input:  KEYS[1] run log    KEYS[2] bytes of the tenant's logs    KEYS[3] archived logs of the tenant
 *         ARGV[1] run
 * Output: none
 */
const RELEASE_3 = `
redis.call('UNLINK', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[1])
local bytes = redis.call('HGET', KEYS[2], ARGV[1])
if not bytes then return end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HINCRBY', KEYS[2], '${TOTAL_FIELD}', '-' .. bytes)
if redis.call('HLEN', KEYS[2]) == 1 then redis.call('DEL', KEYS[2]) end`;

type RunRef = Pick<RunLogOwner, 'runId' | 'tenantId'>;

export class RunLogAccount {
  /** @param most bytes that the logs of one tenant may take; undefined: they are counted only */
  constructor(
    private readonly redis: Redis,
    readonly most?: number,
  ) {}

  /** Removes a log from Redis. */
  async release({ runId, tenantId }: RunRef): Promise<void> {
    const keys = [
      REDIS_KEYS.runEvents(runId),
      REDIS_KEYS.logBytes(tenantId),
      REDIS_KEYS.archivedLogs(tenantId),
    ];
    await this.redis.eval(RELEASE_3, keys.length, ...keys, runId);
  }

  /**
   * Notes that a log is archived: it may leave when others need its room.
   * @param seconds until Redis removes it in any case
   */
  async setArchived({ runId, tenantId }: RunRef, seconds: number): Promise<void> {
    const key = REDIS_KEYS.archivedLogs(tenantId);
    await this.redis.zadd(key, Date.now() + seconds * 1_000, runId);
    const expired = await this.redis.zrangebyscore(key, '-inf', Date.now(), 'LIMIT', 0, RELEASED_AT_ONCE);
    for (const id of expired) await this.release({ runId: id, tenantId });
  }

  /** Removes as many archived logs of the tenant as its other logs need. */
  async makeRoom(tenantId: string): Promise<void> {
    if (this.most === undefined) return;
    const enough = this.most * (1 - ROOM);
    while ((await this.taken(tenantId)) > enough) {
      const [runId] = await this.redis.zrange(REDIS_KEYS.archivedLogs(tenantId), '0', '0');
      if (runId === undefined) return this.forgetLost(tenantId);
      await this.release({ runId, tenantId });
    }
  }

  private async taken(tenantId: string): Promise<number> {
    return Number(await this.redis.hget(REDIS_KEYS.logBytes(tenantId), TOTAL_FIELD));
  }

  /** A log may be gone that was never noted as archived: its backend was killed in between, or an operator removed it. */
  private async forgetLost(tenantId: string): Promise<void> {
    const fields = await this.redis.hkeys(REDIS_KEYS.logBytes(tenantId));
    for (const runId of fields) {
      if (runId === TOTAL_FIELD || (await this.redis.exists(REDIS_KEYS.runEvents(runId))) > 0) continue;
      await this.release({ runId, tenantId });
    }
  }
}
