// npm start: from a fresh clone to a sign-in link with one command. `npm run dev` (--dev) is the same in watch mode.
// `npm start -- --runners 3 --backends 2` starts several of them.
import { resolve } from 'node:path';
import { checkNode } from './doctor/node-version.mjs';
import { build } from './lib/build.mjs';
import { install } from './lib/install.mjs';
import { readArguments } from './lib/replicas.mjs';

const node = checkNode(process.versions.node);
if (node.level === 'fail') {
  console.error(`Node ${node.sentence}`);
  process.exit(1);
}

const root = resolve(import.meta.dirname, '..');
try {
  const options = readArguments(process.argv.slice(2));
  await install(root);
  // The settings are declared there; a mistake in them is then named before the rest is built.
  await build(root, { only: ['contracts'] });
  const { launch } = await import('./lib/launcher.mjs');
  await launch({ root, ...options });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
