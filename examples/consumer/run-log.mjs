/*
 * Reads the log of one run: stream `codex:run:{run_id}:events`, from any position to its end.
 *
 *     1-0  2-0  2-1  2-2  3-0 …  n-0 run.succeeded | run.failed | run.cancelled | run.interrupted
 *
 * `n-0` are durable events without a hole; `n-1`, `n-2` … are deltas after event n, which a reader may skip. Ids only grow: a
 * reader that keeps the last one and asks for what follows misses nothing and sees nothing twice. The first terminal event
 * ends the log; ignore everything after it, and types that you do not know.
 */

const TERMINAL = new Set(['run.succeeded', 'run.failed', 'run.cancelled', 'run.interrupted']);
const BLOCK_MS = 5_000;
const COUNT = 500;

/** The log has not begun, or it has expired because Postgres has it; `GET /api/runs/{run_id}/events` serves it then. */
export class LogNotThere extends Error {}

/**
 * @typedef {object} LogEntry
 * @property {string} id the position: keep it, and come back with it as `after`
 * @property {string} type
 * @property {Record<string, unknown>} event the envelope: { v, run_id, session_id, tenant_id, seq, at, type, data }
 */

/**
 * @param {import('ioredis').Redis} redis a connection of its own, if the run has not ended: it waits in XREAD
 * @param {string} runId
 * @param {object} [options]
 * @param {string} [options.after] the last id that the reader has; left out: from the first event on
 * @param {boolean} [options.ended] the run is known to have ended: everything is there, or nothing, so do not wait
 * @returns {AsyncGenerator<LogEntry, void>} up to the terminal event, as it comes
 * @throws {LogNotThere}
 */
export async function* readRunLog(redis, runId, { after = '0-0', ended = false } = {}) {
  const stream = `codex:run:${runId}:events`;
  /** @type {string} */
  let last = after;
  for (;;) {
    const place = /** @type {const} */ (['STREAMS', stream, last]);
    const reply = ended
      ? await redis.xread('COUNT', COUNT, ...place)
      : await redis.xread('COUNT', COUNT, 'BLOCK', BLOCK_MS, ...place);
    if (!reply && (ended || !(await redis.exists(stream))))
      throw new LogNotThere(`Redis has no log of run ${runId}.`);
    for (const [id, fields] of reply?.[0]?.[1] ?? []) {
      last = id;
      const { type = '', event = '{}' } = toObject(fields);
      yield { id, type, event: JSON.parse(event) };
      if (TERMINAL.has(type)) return;
    }
  }
}

/**
 * @param {string[]} fields name, value, name, value …
 * @returns {Record<string, string>}
 */
export function toObject(fields) {
  /** @type {Record<string, string>} */
  const object = {};
  for (let index = 0; index + 1 < fields.length; index += 2)
    object[String(fields[index])] = String(fields[index + 1]);
  return object;
}
