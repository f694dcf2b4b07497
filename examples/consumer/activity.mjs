/*
 * Consumes one tenant's stream `codex:activity:{tenant_id}` with a consumer group of its own. One consumer of the group
 * handles each activity, at least once.
 *
 *     create the group ──► entries that this consumer got before and has not acknowledged ──► new entries
 *           ▲                        every 30 s: entries that another consumer got and left behind
 *           └── any error: Redis is away, or came back empty and has no such group (NOGROUP)
 *
 *     handled   XACK
 *     failed    not acknowledged: it comes again, to this consumer or another one
 *
 * Write nothing else to this Redis.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { toObject } from './run-log.mjs';

const BLOCK_MS = 5_000;
const COUNT = 100;
const LEFT_BEHIND_MS = 30_000;
const RETRY_MS = 500;

/**
 * @typedef {Record<string, unknown> & { type: string }} Activity run.status, session.updated, session.deleted or
 *   session.progress; ignore other types, which a newer version may have
 * @typedef {object} Options
 * @property {string} tenant the tenant's id, as `GET /api/me` answers it
 * @property {string} group
 * @property {string} consumer its name: different from its siblings' names, and the same after a restart
 * @property {AbortSignal} signal
 */

/**
 * @param {import('ioredis').Redis} redis a connection of its own, created with CONNECTION
 * @param {Options} options
 * @param {(activity: Activity) => Promise<void>} handle must accept the same activity twice
 * @returns {Promise<void>} when the signal is aborted
 */
export async function consumeActivity(redis, options, handle) {
  const { signal } = options;
  while (!signal.aborted) {
    try {
      await createGroup(redis, options);
      await readUntilItFails(redis, options, handle);
    } catch (error) {
      if (signal.aborted) return;
      console.error(`reading again in ${RETRY_MS} ms: ${String(error)}`);
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * A command whose answer was lost must fail instead of being sent again. The entries that it would have returned are
 * pending now, and the next attempt reads them first.
 */
export const CONNECTION = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false };

/** @param {string} tenant */
const streamOf = (tenant) => `codex:activity:${tenant}`;

/** @param {import('ioredis').Redis} redis @param {Options} options */
async function createGroup(redis, { tenant, group }) {
  try {
    // From the stream's first entry, so that nothing is missed when the group had to be created again.
    await redis.xgroup('CREATE', streamOf(tenant), group, '0', 'MKSTREAM');
  } catch (error) {
    if (!String(error).includes('BUSYGROUP')) throw error;
  }
}

/**
 * @param {import('ioredis').Redis} redis
 * @param {Options} options
 * @param {(activity: Activity) => Promise<void>} handle
 */
async function readUntilItFails(redis, options, handle) {
  const { tenant, group, consumer, signal } = options;
  const stream = streamOf(tenant);
  const each = (/** @type {[string, string[] | null][]} */ entries) =>
    handleAll(redis, options, entries, handle);
  let position = '0';
  let lookedAt = 0;
  while (!signal.aborted) {
    if (Date.now() - lookedAt >= LEFT_BEHIND_MS) {
      lookedAt = Date.now();
      const left = await redis.xautoclaim(stream, group, consumer, LEFT_BEHIND_MS, '0-0', 'COUNT', COUNT);
      await each(/** @type {[string, string[] | null][]} */ (left[1]));
    }
    const place = /** @type {const} */ (['STREAMS', stream, position]);
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
    // First this consumer's own pending entries, page by page; after the last of them, `>` reads the new ones.
    if (position !== '>') position = entries.at(-1)?.[0] ?? '>';
  }
}

/**
 * @param {import('ioredis').Redis} redis
 * @param {Options} options
 * @param {[id: string, fields: string[] | null][]} entries without fields: pending, but trimmed from the stream meanwhile
 * @param {(activity: Activity) => Promise<void>} handle
 */
async function handleAll(redis, { tenant, group }, entries, handle) {
  for (const [id, fields] of entries) {
    try {
      if (fields) await handle(JSON.parse(toObject(fields)['event'] ?? '{}'));
      await redis.xack(streamOf(tenant), group, id);
    } catch (error) {
      console.error(`${id} comes again later: ${String(error)}`);
    }
  }
}
