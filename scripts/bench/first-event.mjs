import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { capture } from '../lib/run.mjs';
import { loadAverage, memoryKb } from './costs.mjs';
import { interleaved, median } from './medians.mjs';
import { startModel } from './measured-runner.mjs';
import { startProduct } from './servers/product.mjs';
import { codexProgram } from './start-costs.mjs';

const TURNS = 5;
const AT_ONCE = 20;
/** Time in which Codex opens its conversation, and in which it is started anew after the turns before. */
const SETTLE_MS = { once: 1_000, each: 300 };
const SCENARIO = [{ name: 'turn', steps: [{ do: 'message', text: 'Measured.' }] }];
/** The run is about to start Codex. */
const STARTED = 'run.started';
/** Codex's own first event, by its type in Codex's output and in our streams. */
const FIRST = 'thread.started';
const LAST = 'turn.completed';

/** @typedef {{ started: number, first: number, done: number }} Turn milliseconds since the prompt; NaN if the moment does not exist */
/** @typedef {{ start: () => Promise<Turn>, megabytes?: () => number }} Prepared megabytes: what waits for the prompt (PSS) */

/**
 * Time from the prompt to Codex's first event: in the product, through gateway, backend, queue, jail and back, and with
 * `codex exec` alone. All use the same scripted model.
 *
 *     cold   Codex starts with the prompt
 *     warm   Codex waits for the prompt of the session
 *
 * @param {import('./questions.mjs').Bench} bench
 */
export async function firstEvent({ root, folder: parent, rounds }) {
  const folder = join(parent, 'first-event');
  mkdirSync(folder);
  const scenarios = join(folder, 'scenarios.json');
  writeFileSync(scenarios, JSON.stringify(SCENARIO));
  const model = await startModel(root, scenarios);
  /** @type {{ stop(): Promise<unknown> }[]} */
  const started = [model];
  const start = async (/** @type {string} */ name, /** @type {number} */ prepared) => {
    const product = await startProduct(root, join(folder, name), {
      CODEX_BASE_URL: model.baseUrl,
      MAX_CONCURRENT_RUNS: String(AT_ONCE),
      MAX_RUNS_PER_TENANT: String(AT_ONCE),
      MAX_WARM_SESSIONS: String(prepared),
    });
    started.unshift(product);
    return product;
  };
  try {
    const [cold, warm] = [await start('cold', 0), await start('warm', AT_ONCE)];
    const codex = await codexProgram(root, folder);
    let turns = 0;
    /** @type {{ name: string, prepare: () => Promise<Prepared> }[]} */
    const ways = [
      {
        name: 'codex exec',
        prepare: async () => ({ start: await bareTurn(root, folder, codex, model.baseUrl, ++turns) }),
      },
      { name: 'ours, cold', prepare: async () => ({ start: await sessionTurn(cold) }) },
      { name: 'ours, warm', prepare: () => warmTurn(warm) },
    ];
    for (const { prepare } of ways) await (await prepare()).start();
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
        await delay(SETTLE_MS.once + SETTLE_MS.each * ready.length);
        const megabytes = ready.map(({ megabytes }) => megabytes?.() ?? NaN);
        return { megabytes, turns: await Promise.all(ready.map(({ start }) => start())) };
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
    for (const part of started) await part.stop();
  }
}

/** @param {string} name @param {number} count @param {{ megabytes: number[], turns: Turn[] }[]} rounds */
const summary = (name, count, rounds) => ({
  way: name,
  'at once': count,
  'run started ms': median(rounds.flatMap(({ turns }) => turns.map(({ started }) => started))),
  'first event ms': median(rounds.flatMap(({ turns }) => turns.map(({ first }) => first))),
  'last of all ms': median(rounds.map(({ turns }) => Math.max(...turns.map(({ done }) => done)))),
  'waiting MB each': median(rounds.flatMap(({ megabytes }) => megabytes)),
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
  return turnOf(product, await readySession(product));
}

/**
 * A turn in its own session, for which Codex waits.
 * @param {import('./servers/product.mjs').Client} product
 * @returns {Promise<Prepared>}
 */
async function warmTurn(product) {
  const id = await readySession(product);
  while (jailOf(id) === undefined) await delay(20);
  return { start: turnOf(product, id), megabytes: () => memoryKb([jailOf(id) ?? 0]) / 1024 };
}

/** The process around everything in the session's jail. @param {string} sessionId @returns {number | undefined} */
const jailOf = (sessionId) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      const [program = '', ...args] = commandLine(pid).split('\0');
      return program.endsWith('bwrap') && args.some((arg) => arg.includes(sessionId));
    });

/** @param {number} pid */
function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}

/** @param {import('./servers/product.mjs').Client} product */
async function readySession(product) {
  const { session_id: id = '', status } = await product.api('sessions', {});
  if (status !== 'ready') throw new Error(`A session is ${status}.`);
  return id;
}

/**
 * @param {import('./servers/product.mjs').Client} product @param {string} id
 * @returns {() => Promise<Turn>}
 */
function turnOf(product, id) {
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
