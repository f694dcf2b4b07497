// npm run generate: writes the files that are made from the settings' declaration, the table of permissions,
// docs/openapi.json and the pinned Codex.
// npm run generate -- --check: fails when one of them is stale, and writes nothing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './lib/build.mjs';
import { install } from './lib/install.mjs';

const { check } = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values;
const root = resolve(import.meta.dirname, '..');
await install(root);
await build(root, { only: ['contracts'] });
const { generatedFiles } = await import('./lib/generated-files.mjs');

for (const [path, text] of Object.entries(await generatedFiles())) {
  const file = resolve(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (check) {
    console.error(`${path} is stale. Run: npm run generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`${path} is written.`);
  }
}
