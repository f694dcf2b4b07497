/*
 * Consumes `codex:activity` with a consumer group of one's own: every activity is handled by one consumer of the group, at
 * least once.
 *
 *     make the group ──► what this consumer was given before and has not acknowledged ──► what comes
 *           ▲                        every 30 s: what another consumer was given and left behind
 *           └── any error: Redis is away, or came back empty and knows no group (NOGROUP)
 *
 *     handled   XACK
 *     failed    not acknowledged: it comes again, here or at another consumer
 *
 * The group `backend` is the platform's: never use it, and write nothing else to this Redis.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { toObject } from './run-log.mjs';

const STREAM = 'codex:activity';
const BLOCK_MS = 5_000;
const COUNT = 100;
const LEFT_BEHIND_MS = 30_000;
const RETRY_MS = 500;

/** @typedef {Record<string, unknown> & { type: string }} Activity run.status, session.updated, session.deleted, session.progress */

/**
 * @param {import('ioredis').Redis} redis a connection of its own, made with CONNECTION
 * @param {{ group: string, consumer: string, signal: AbortSignal }} options `consumer`: unlike its siblings' and the same after
 *   a restart
 * @param {(activity: Activity) => Promise<void>} handle must take the same activity twice
 * @returns {Promise<void>} when the signal is aborted
 */
export async function consumeActivity(redis, { group, consumer, signal }, handle) {
  while (!signal.aborted) {
    try {
      await createGroup(redis, group);
      await readUntilItFails(redis, { group, consumer, signal }, handle);
    } catch (error) {
      if (signal.aborted) return;
      console.error(`reading again in ${RETRY_MS} ms: ${String(error)}`);
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * A command whose answer was lost must fail, and not be sent again in silence: what it was given is pending now, and is read
 * first by the next attempt.
 */
export const CONNECTION = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false };

/** @param {import('ioredis').Redis} redis @param {string} group */
async function createGroup(redis, group) {
  try {
    // From the stream's first entry, so that nothing is missed when the group had to be made again.
    await redis.xgroup('CREATE', STREAM, group, '0', 'MKSTREAM');
  } catch (error) {
    if (!String(error).includes('BUSYGROUP')) throw error;
  }
}

/**
 * @param {import('ioredis').Redis} redis
 * @param {{ group: string, consumer: string, signal: AbortSignal }} options
 * @param {(activity: Activity) => Promise<void>} handle
 */
async function readUntilItFails(redis, { group, consumer, signal }, handle) {
  const each = (/** @type {[string, string[] | null][]} */ entries) =>
    handleAll(redis, group, entries, handle);
  let position = '0';
  let lookedAt = 0;
  while (!signal.aborted) {
    if (Date.now() - lookedAt >= LEFT_BEHIND_MS) {
      lookedAt = Date.now();
      const left = await redis.xautoclaim(STREAM, group, consumer, LEFT_BEHIND_MS, '0-0', 'COUNT', COUNT);
      await each(/** @type {[string, string[] | null][]} */ (left[1]));
    }
    const place = /** @type {const} */ (['STREAMS', STREAM, position]);
    const reply = await redis.xreadgroup(
      'GROUP',
      group,
      consumer,
      'COUNT',
      COUNT,
      'BLOCK',
      BLOCK_MS,
      ...place,
    );
    const entries = reply?.[0]?.[1] ?? [];
    await each(entries);
    // First one's own that are pending, page by page; behind the last of them, `>` is what nobody was given yet.
    if (position !== '>') position = entries.at(-1)?.[0] ?? '>';
  }
}

/**
 * @param {import('ioredis').Redis} redis
 * @param {string} group
 * @param {[id: string, fields: string[] | null][]} entries without fields: pending, but cut off the stream's end meanwhile
 * @param {(activity: Activity) => Promise<void>} handle
 */
async function handleAll(redis, group, entries, handle) {
  for (const [id, fields] of entries) {
    try {
      if (fields) await handle(JSON.parse(toObject(fields)['event'] ?? '{}'));
      await redis.xack(STREAM, group, id);
    } catch (error) {
      console.error(`${id} comes again later: ${String(error)}`);
    }
  }
}
