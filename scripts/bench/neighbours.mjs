import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadAverage } from './costs.mjs';
import { sessionTurn } from './first-event.mjs';
import { startModel } from './measured-runner.mjs';
import { interleaved, quantile } from './medians.mjs';
import { startProduct } from './servers/product.mjs';

/** Prompts of the measured organisation in one round. */
const TURNS = 10;
/** Places of the runner. The loud organisation may take all but the reserved one. */
const PLACES = 4;
const SESSIONS = 8;
/** What the loud one has in its queues, beside what runs. */
const QUEUED = 20;
const STREAMS = 50;
/** RATE_LIMIT_PER_MINUTE, per second. */
const REQUESTS = 50;
const SCENARIO = [
  {
    name: 'loud',
    match: 'Be loud',
    steps: [
      { do: 'command', cmd: 'for i in $(seq 1 200); do seq 1 200 > file-$i.txt; done' },
      { do: 'endless', everyMs: 20 },
    ],
  },
  { name: 'turn', steps: [{ do: 'message', text: 'Measured.' }] },
];

/** @typedef {import('./servers/product.mjs').Client} Client */

/**
 * Time from one organisation's prompt to its first event, while nobody else is there, and while another organisation is at its
 * limits: all its places taken by runs that write without end, 20 more queued, 50 streams, and 50 requests a second for lists and diffs.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function neighbours({ root, folder: parent, rounds }) {
  const folder = join(parent, 'neighbours');
  mkdirSync(folder);
  const scenarios = join(folder, 'scenarios.json');
  writeFileSync(scenarios, JSON.stringify(SCENARIO));
  const model = await startModel(root, scenarios);
  const product = await startProduct(root, join(folder, 'product'), {
    CODEX_BASE_URL: model.baseUrl,
    MAX_CONCURRENT_RUNS: String(PLACES),
  }).catch(async (error) => {
    await model.stop();
    throw error;
  });
  try {
    const loud = await product.newTenant('Loud');
    const ways = [
      { name: 'quiet', prepare: async () => async () => undefined },
      { name: 'beside a loud one', prepare: () => beLoud(loud) },
    ];
    await (
      await sessionTurn(product)
    )();
    const results = await interleaved(ways, rounds, async ({ prepare }) => {
      const stop = await prepare();
      const turns = [];
      try {
        for (let index = 0; index < TURNS; index++) turns.push(await (await sessionTurn(product))());
      } finally {
        await stop();
      }
      return { turns, load: loadAverage() };
    });
    const rows = [...results].flatMap(([{ name }, measured]) =>
      /** @type {const} */ (['started', 'first']).map((moment) => {
        const times = measured.flatMap(({ turns }) => turns.map((turn) => turn[moment]));
        return {
          organisation: name,
          'until the first event of': moment === 'started' ? 'the run' : 'Codex',
          'p50 ms': quantile(times, 0.5),
          'p95 ms': quantile(times, 0.95),
          'load average': Math.max(...measured.map(({ load }) => load)),
        };
      }),
    );
    return {
      title: 'From the prompt to the first event, beside an organisation at its limits',
      rows: rows.map((row, index) => {
        const quiet = rows[index % 2];
        return {
          ...row,
          'p50 ÷ quiet': row['p50 ms'] / (quiet?.['p50 ms'] ?? NaN),
          'p95 ÷ quiet': row['p95 ms'] / (quiet?.['p95 ms'] ?? NaN),
        };
      }),
    };
  } finally {
    await product.stop();
    await model.stop();
  }
}

/** @param {Client} client @returns {Promise<() => Promise<undefined>>} ends it, once its runs have ended */
async function beLoud({ api, open }) {
  const sessions = [];
  for (let index = 0; index < SESSIONS; index++) sessions.push((await api('sessions', {})).session_id);
  /** @type {string[]} */
  const runs = [];
  for (let index = 0; index < QUEUED + PLACES - 1; index++) {
    const { run_id: run = '' } = await api(`sessions/${sessions[index % SESSIONS]}/prompt`, {
      prompt: 'Be loud',
    });
    runs.push(run);
  }
  await until(async () => (await counted(api)).running === PLACES - 1);
  const stopped = new AbortController();
  const { signal } = stopped;
  const streams = Array.from({ length: STREAMS }, async (_, index) => {
    const { body } = await open(`runs/${runs[index % (PLACES - 1)]}/events`, undefined, signal);
    if (body) for await (const _chunk of body) if (signal.aborted) return;
  });
  const asked = ask({ api, open }, sessions, signal);
  return async () => {
    stopped.abort();
    await Promise.allSettled([...streams, asked]);
    // The last ones first, so that none of the queue starts meanwhile.
    for (const run of runs.toReversed()) await api(`runs/${run}/cancel`, {});
    await until(async () => {
      const { running, queued } = await counted(api);
      return running + queued === 0;
    });
    return undefined;
  };
}

/** @param {Client} client @param {(string | undefined)[]} sessions @param {AbortSignal} signal */
async function ask({ open }, sessions, signal) {
  const pending = new Set();
  for (let count = 0; !signal.aborted; count++) {
    const session = sessions[count % sessions.length];
    const path =
      ['sessions?limit=100', `sessions/${session}/diff`, 'runs?limit=100', 'usage'][count % 4] ?? '';
    const answered = open(path, undefined, signal)
      .then((answer) => answer.arrayBuffer())
      .catch(() => undefined)
      .finally(() => pending.delete(answered));
    pending.add(answered);
    await delay(1_000 / REQUESTS);
  }
  await Promise.all(pending);
}

/** @param {Client['api']} api */
async function counted(api) {
  const { runs } = await api('usage');
  return /** @type {{ running: number, queued: number }} */ (/** @type {unknown} */ (runs));
}

/** @param {() => Promise<boolean>} isSo */
async function until(isSo) {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries > 600) throw new Error('The loud organisation does not get where it should be.');
    await delay(100);
  }
}
