// npm run bench: what the jail costs. The same scripted turn, by the real runner and the real Codex, with and without it.
//
//     scripted model ◄── runner, ISOLATION=none         one turn each, in turns,
//                    ◄── runner, ISOLATION=bubblewrap   so that both see the same machine
//
// It prints medians and asserts nothing.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from './lib/build.mjs';
import { install } from './lib/install.mjs';

const root = resolve(import.meta.dirname, '..');
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

await install(root);
const { comparison, median } = await import('./bench/medians.mjs');
const { startCosts } = await import('./bench/start-costs.mjs');
const { MOMENTS, startModel, startRunner } = await import('./bench/measured-runner.mjs');
await build(root, { only: ['contracts', 'platform', 'runner'] });

mkdirSync(join(root, '.data'), { recursive: true });
const folder = mkdtempSync(join(root, '.data/bench-'));
const scenarios = join(folder, 'scenarios.json');
writeFileSync(scenarios, JSON.stringify(SCENARIO));
/** @type {{ stop(): Promise<void> }[]} */
const started = [];
/** @template {{ stop(): Promise<void> }} T @param {T} part @returns {T} */
const keep = (part) => {
  started.unshift(part);
  return part;
};
// Ctrl-C ends the runners, with them the turn, and then all that is left.
process.on('SIGINT', () => undefined);
try {
  const model = keep(await startModel(root, scenarios));
  const options = { folder, modelUrl: model.baseUrl };
  const plain = keep(await startRunner(root, { isolation: 'none', ...options }));
  const jailed = keep(await startRunner(root, { isolation: 'bubblewrap', ...options }));
  /** @type {Map<typeof plain, Record<string, number>[]>} */
  const turns = new Map([
    [plain, []],
    [jailed, []],
  ]);
  // Everything once before, so that no file is read for the first time.
  for (const runner of turns.keys()) await runner.turn();
  for (let round = 0; round < ROUNDS; round++)
    for (const [runner, results] of turns) results.push(await runner.turn());

  console.log(`\nMedians of ${ROUNDS} turns each, from the prompt on.\n`);
  console.table(
    Object.fromEntries(
      Object.keys(MOMENTS).map((moment) => {
        const [without = NaN, within = NaN] = [...turns.values()].map((results) =>
          median(results.map((result) => result[moment] ?? NaN)),
        );
        return [moment, comparison(without, within)];
      }),
    ),
  );
  console.log('\nStarting a program, medians of 50:\n');
  console.table(await startCosts(root, folder));
} finally {
  for (const part of started) await part.stop();
  rmSync(folder, { recursive: true, force: true });
}
