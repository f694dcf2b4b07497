import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadAverage } from './costs.mjs';
import { interleaved, median } from './medians.mjs';
import { eventText } from './runs.mjs';

const EVENT_BYTES = 420;
const ARCHIVED = 20_000;
const SINGLE = 2_000;
const INSERT = 'INSERT INTO run_events (tenant_id, run_id, seq, type, event) VALUES ($1, $2, $3, $4, $5)';

/**
 * Writes events to Postgres, like the archiver and row by row.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function archive({ root, streams, rounds }) {
  const { runs } = await streams();
  const { db, tenantId } = runs;
  /** @type {typeof import('../../apps/backend/src/archive/run-archive.js')} */
  const { RunArchive } = await import(pathToFileURL(join(root, 'apps/backend/dist/run-archive.js')).href);
  /** @typedef {InstanceType<typeof RunArchive>} Archive */
  const store = new RunArchive(/** @type {never} */ (undefined));
  const tx = /** @type {Parameters<Archive['insert']>[0]} */ (
    /** @type {unknown} */ ({ manager: db, scope: { tenantId } })
  );
  const ways = [
    {
      name: "the archiver's inserts",
      count: ARCHIVED,
      /** @param {string} run @param {number} count */
      write: (run, count) => inTransaction(() => store.insert(tx, run, entries(count))),
    },
    {
      name: 'single inserts',
      count: SINGLE,
      /** @param {string} run @param {number} count */
      write: (run, count) => single(run, count),
    },
    {
      name: 'single inserts, one transaction',
      count: SINGLE,
      /** @param {string} run @param {number} count */
      write: (run, count) => inTransaction(() => single(run, count)),
    },
  ];

  /** @param {() => Promise<void>} work */
  async function inTransaction(work) {
    await db.query('BEGIN');
    await work();
    await db.query('COMMIT');
  }
  /** @param {string} run @param {number} count */
  async function single(run, count) {
    for (const { id, type, event } of entries(count))
      await db.query(INSERT, [tenantId, run, id.seq, type, event.toString()]);
  }

  const results = await interleaved(ways, rounds, async ({ count, write }) => {
    const run = await runs.add();
    const startedAt = performance.now();
    await write(run, count);
    return (count * 1_000) / (performance.now() - startedAt);
  });
  const rows = [...results].map(([{ name, count }, rates]) => ({
    way: name,
    rows: count,
    'rows/s': Math.round(median(rates)),
  }));
  const base = rows.find(({ way }) => way === 'single inserts');
  return {
    title: `Events of ${EVENT_BYTES} B into Postgres`,
    rows: rows.map((row) => ({
      ...row,
      '÷ single': row['rows/s'] / (base?.['rows/s'] ?? NaN),
      'load average': loadAverage(),
    })),
  };
}

/** @param {number} count */
const entries = (count) =>
  Array.from({ length: count }, (_, index) => ({
    id: { seq: index + 1, delta: 0 },
    type: 'item.updated',
    event: Buffer.from(eventText(EVENT_BYTES)),
  }));
