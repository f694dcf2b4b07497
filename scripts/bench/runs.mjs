import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';

const BATCH = 500;

/**
 * Runs that no runner executes. Their rows say that they have ended and that their logs are archived, so that no backend
 * works on them. Their logs in Redis are written here.
 * @param {import('./servers/product.mjs').Product} product
 */
export async function openRuns({ databaseUrl, redisUrl }) {
  // It is built with the product, which is running by now.
  /** @type {typeof import('../../libs/event-log/src/run-log/run-log.scripts.js')} */
  const { appendEntry } = await import(
    new URL('../../libs/event-log/dist/run-log.scripts.js', import.meta.url).href
  );
  const redis = new Redis(redisUrl);
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  const { rows } = await db.query('SELECT tenant_id, user_id FROM members LIMIT 1');
  const { tenant_id: tenantId, user_id: userId } = rows[0];
  const sessionId = randomUUID();
  await db.query(
    `INSERT INTO sessions (id, tenant_id, created_by, title, title_given, status, created_at, updated_at)
     VALUES ($1, $2, $3, 'Measured', true, 'ready', now(), now())`,
    [sessionId, tenantId, userId],
  );
  let ordinal = 0;
  /** Number of each log's last event. @type {Map<string, number>} */
  const lastOf = new Map();
  return {
    tenantId,
    sessionId,
    db,
    add: async () => {
      const id = randomUUID();
      await db.query(
        `INSERT INTO runs (id, tenant_id, session_id, ordinal, created_by, input, status,
                           created_at, dispatched_at, started_at, ended_at, archived_at)
         VALUES ($1, $2, $3, $4, $5, '{"kind":"prompt","prompt":"Measure."}', 'succeeded', now(), now(), now(), now(), now())`,
        [id, tenantId, sessionId, ++ordinal, userId],
      );
      return id;
    },
    /** As a runner writes: each entry with the script that appends and publishes it. @param {string} run @param {string[]} events */
    publish: async (run, events) => {
      for (let start = 0; start < events.length; start += BATCH) {
        const writes = events.slice(start, start + BATCH).map((event) => {
          const last = lastOf.get(run) ?? 0;
          lastOf.set(run, last + 1);
          const ids = { after: `${last}-0`, id: `${last + 1}-0` };
          const type = /"type":"([^"]+)"/.exec(event)?.[1] ?? '';
          return appendEntry(redis, { runId: run, tenantId }, ids, { type, event, writer: 'bench' });
        });
        await Promise.all(writes);
      }
    },
    stop: async () => {
      redis.disconnect();
      await db.end();
    },
  };
}

let newest = 0n;

/** An event of about this many bytes that contains its publication time as a marker for the load client. */
export function eventText(bytes = 300) {
  const now = process.hrtime.bigint();
  newest = now > newest ? now : newest + 1n;
  const text = `{"v":1,"type":"item.updated","data":{"text":"@T${newest.toString().padStart(19, '0')}"}}`;
  return text.replace('"}}', `${'x'.repeat(Math.max(0, bytes - text.length))}"}}`);
}
