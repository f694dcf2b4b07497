import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { capture } from '../lib/run.mjs';
import { loadAverage } from './costs.mjs';
import { interleaved, median } from './medians.mjs';
import { startModel } from './measured-runner.mjs';
import { startProduct } from './servers/product.mjs';
import { codexProgram } from './start-costs.mjs';

const TURNS = 5;
const AT_ONCE = 20;
const SCENARIO = [{ name: 'turn', steps: [{ do: 'message', text: 'Measured.' }] }];
/** The run is about to start Codex. */
const STARTED = 'run.started';
/** Codex's own first event, by its type in Codex's output and in our streams. */
const FIRST = 'thread.started';
const LAST = 'turn.completed';

/** @typedef {{ started: number, first: number, done: number }} Turn milliseconds since the prompt; NaN if the moment does not exist */

/**
 * Time from the prompt to Codex's first event: in the product, through gateway, backend, queue, jail and back, and with
 * `codex exec` alone. Both use the same scripted model.
 * @param {import('./questions.mjs').Bench} bench
 */
export async function firstEvent({ root, folder: parent, rounds }) {
  const folder = join(parent, 'first-event');
  mkdirSync(folder);
  const scenarios = join(folder, 'scenarios.json');
  writeFileSync(scenarios, JSON.stringify(SCENARIO));
  const model = await startModel(root, scenarios);
  const product = await startProduct(root, join(folder, 'product'), {
    CODEX_BASE_URL: model.baseUrl,
    MAX_CONCURRENT_RUNS: String(AT_ONCE),
    MAX_RUNS_PER_TENANT: String(AT_ONCE),
  }).catch(async (error) => {
    await model.stop();
    throw error;
  });
  try {
    const codex = await codexProgram(root, folder);
    let turns = 0;
    const ways = [
      { name: 'codex exec', prepare: async () => bareTurn(root, folder, codex, model.baseUrl, ++turns) },
      { name: 'ours', prepare: () => sessionTurn(product) },
    ];
    for (const { prepare } of ways) await (await prepare())();
    /** @type {ReturnType<typeof summary>[]} */
    const rows = [];
    for (const [count, times] of [
      [1, TURNS * rounds],
      [AT_ONCE, rounds],
    ]) {
      const results = await interleaved(ways, times ?? rounds, async ({ prepare }) => {
        // One after the other, since the measurement only starts with the prompt.
        const ready = [];
        for (let index = 0; index < (count ?? 1); index++) ready.push(await prepare());
        return Promise.all(ready.map((start) => start()));
      });
      rows.push(...[...results].map(([{ name }, rounds]) => summary(name, count ?? 1, rounds)));
    }
    return {
      title: "From the prompt to Codex's first event",
      rows: rows.map((row) => {
        const bare = rows.find((other) => other['at once'] === row['at once']);
        return {
          ...row,
          '÷ codex exec': row['first event ms'] / (bare?.['first event ms'] ?? NaN),
          'load average': loadAverage(),
        };
      }),
    };
  } finally {
    await product.stop();
    await model.stop();
  }
}

/** @param {string} name @param {number} count @param {Turn[][]} rounds */
const summary = (name, count, rounds) => ({
  way: name,
  'at once': count,
  'run started ms': median(rounds.flat().map(({ started }) => started)),
  'first event ms': median(rounds.flat().map(({ first }) => first)),
  'last of all ms': median(rounds.map((turns) => Math.max(...turns.map(({ done }) => done)))),
});

/**
 * A turn of Codex alone, in a new folder with a new CODEX_HOME.
 * @param {string} root @param {string} folder @param {string} codex @param {string} modelUrl @param {number} number
 * @returns {Promise<() => Promise<Turn>>}
 */
async function bareTurn(root, folder, codex, modelUrl, number) {
  const [repo, home] = [join(folder, `bare-${number}/repo`), join(folder, `bare-${number}/home`)];
  for (const path of [repo, home]) mkdirSync(path, { recursive: true });
  await capture('git', ['init', '-q', repo]);
  copyFileSync(join(root, 'apps/runner/codex-config.toml'), join(home, 'config.toml'));
  const settings = [`model_providers.saas.base_url="${modelUrl}"`, 'web_search="disabled"'];
  const args = ['exec', '--json', '--sandbox', 'danger-full-access', ...settings.flatMap((s) => ['-c', s])];
  return () => {
    const startedAt = performance.now();
    const child = spawn(codex, [...args, '-C', repo, 'Measure.'], {
      env: { PATH: process.env['PATH'], HOME: home, CODEX_HOME: home },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return moments(createInterface({ input: child.stdout }), startedAt);
  };
}

/**
 * A turn in its own session.
 * @param {import('./servers/product.mjs').Client} product
 * @returns {Promise<() => Promise<Turn>>}
 */
export async function sessionTurn(product) {
  const { session_id: id, status } = await product.api('sessions', {});
  if (status !== 'ready') throw new Error(`A session is ${status}.`);
  return async () => {
    const startedAt = performance.now();
    const { run_id: run } = await product.api(`sessions/${id}/prompt`, { prompt: 'Measure.' });
    const answer = await product.open(`runs/${run}/events`);
    if (!answer.body) throw new Error('A stream has no body.');
    return moments(linesOf(answer.body), startedAt);
  };
}

/** @param {ReadableStream<Uint8Array>} body @returns {AsyncGenerator<string>} */
async function* linesOf(body) {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** @param {AsyncIterable<string>} lines @param {number} startedAt @returns {Promise<Turn>} */
async function moments(lines, startedAt) {
  let [started, first] = [NaN, NaN];
  for await (const line of lines) {
    if (Number.isNaN(started) && line.includes(STARTED)) started = performance.now() - startedAt;
    if (Number.isNaN(first) && line.includes(FIRST)) first = performance.now() - startedAt;
    if (line.includes(LAST)) return { started, first, done: performance.now() - startedAt };
  }
  throw new Error(`A turn ended without ${LAST}.`);
}
