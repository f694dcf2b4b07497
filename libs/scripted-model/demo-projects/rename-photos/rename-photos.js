#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { renamePhotos } from './rename.js';

const USAGE = 'Usage: rename-photos [--dry-run] FOLDER';

const { values, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [folder] = positionals;
if (!folder) {
  console.error(USAGE);
  process.exit(2);
}
const renamed = renamePhotos(folder, { dryRun: values['dry-run'] });
for (const { from, to } of renamed) console.log(`${from} -> ${to}`);
console.log(`${renamed.length} renamed${values['dry-run'] ? ' (dry run)' : ''}`);
