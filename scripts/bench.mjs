// npm run bench [-- question …] [--rounds 3] [--scale 1]: measures what things cost, compared with other software.
//
//     every question ─► everything that it compares, alternating, `rounds` times ─► medians and ratios
//                       └─► a table here, and all of them in .data/bench/<time>.json
//
// It asserts nothing. docs/performance.md describes the questions and the results.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './lib/build.mjs';
import { install } from './lib/install.mjs';

const root = resolve(import.meta.dirname, '..');
await install(root);
await build(root);
const { loadAverage } = await import('./bench/costs.mjs');
const { QUESTIONS } = await import('./bench/questions.mjs');
const { startStreams } = await import('./bench/streams.mjs');

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, scale: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(QUESTIONS);
const unknown = names.find((name) => !QUESTIONS[name]);
if (unknown)
  throw new Error(`There is no question "${unknown}". Ask any of: ${Object.keys(QUESTIONS).join(', ')}.`);

const results = join(root, '.data/bench');
mkdirSync(results, { recursive: true });
const folder = mkdtempSync(join(root, '.data/bench-'));
/** @type {ReturnType<typeof startStreams> | undefined} */
let streams;
/** @type {import('./bench/questions.mjs').Bench} */
const bench = {
  root,
  folder,
  rounds: Number(values.rounds),
  scale: (clients) => Math.ceil(clients * Number(values.scale)),
  streams: () => (streams ??= startStreams({ root, folder })),
};
/** @type {Record<string, import('./bench/questions.mjs').Finding>} */
const findings = {};
const finish = async () => {
  await (await streams?.catch(() => undefined))?.stop();
  rmSync(folder, { recursive: true, force: true });
  const file = join(results, `${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify({ rounds: bench.rounds, findings }, null, 2)}\n`);
  console.log(`\nAll numbers: ${file}`);
};
process.once('SIGINT', () => void finish().finally(() => process.exit(130)));
try {
  for (const name of names) {
    const finding = await QUESTIONS[name]?.(bench);
    if (!finding) continue;
    findings[name] = finding;
    console.log(`\n${name}: ${finding.title} (load average ${loadAverage()})\n`);
    console.table(finding.rows.map(readable));
  }
} finally {
  await finish();
}

/** @param {Record<string, unknown>} row */
function readable(row) {
  return Object.fromEntries(
    Object.entries(row).map(([field, value]) => [
      field,
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(3)) : value,
    ]),
  );
}
