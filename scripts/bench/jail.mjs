import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparison, interleaved, medians } from './medians.mjs';
import { MOMENTS, startModel, startRunner } from './measured-runner.mjs';
import { startCosts } from './start-costs.mjs';

const ROUNDS = 20;
const SCENARIO = [
  {
    name: 'turn',
    steps: [
      { do: 'command', cmd: 'echo measured' },
      { do: 'message', text: 'Measured.' },
    ],
  },
];

/**
 * The cost of the jail: the same scripted turn, by the real runner and the real Codex, with and without the jail.
 *
 *     scripted model ◄── runner, ISOLATION=none         one turn each, alternating,
 *                    ◄── runner, ISOLATION=bubblewrap   so that both see the same machine
 *
 * @param {import('./questions.mjs').Bench} bench
 */
export async function jail({ root, folder: parent }) {
  const folder = join(parent, 'jail');
  mkdirSync(folder);
  const scenarios = join(folder, 'scenarios.json');
  writeFileSync(scenarios, JSON.stringify(SCENARIO));
  /** @type {{ stop(): Promise<void> }[]} */
  const started = [];
  /** @template {{ stop(): Promise<void> }} T @param {T} part @returns {T} */
  const keep = (part) => {
    started.unshift(part);
    return part;
  };
  try {
    const model = keep(await startModel(root, scenarios));
    const options = { folder, modelUrl: model.baseUrl };
    const plain = keep(await startRunner(root, { isolation: 'none', ...options }));
    const jailed = keep(await startRunner(root, { isolation: 'bubblewrap', ...options }));
    // One turn to warm up, so that no file is read for the first time.
    for (const runner of [plain, jailed]) await runner.turn();
    const results = await interleaved([plain, jailed], ROUNDS, (runner) => runner.turn());
    const [without = {}, within = {}] = [...results.values()].map(medians);
    const turns = Object.keys(MOMENTS).map((moment) => ({
      what: `turn: ${moment}`,
      ...comparison(without[moment] ?? NaN, within[moment] ?? NaN),
    }));
    const starts = Object.entries(await startCosts(root, folder)).map(([what, costs]) => ({
      what,
      ...costs,
    }));
    return {
      title: `The jail: medians of ${ROUNDS} turns, in time since the prompt`,
      rows: [...turns, ...starts],
    };
  } finally {
    for (const part of started) await part.stop();
  }
}
