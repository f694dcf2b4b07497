// npm start: one command from a fresh clone to a sign-in link. `--dev` (npm run dev): the same in watch mode.
// `npm start -- --runners 3 --backends 2`: several of them.
import { resolve } from 'node:path';
import { install } from './lib/install.mjs';
import { readArguments } from './lib/replicas.mjs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`saas-codex needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

const root = resolve(import.meta.dirname, '..');
try {
  const options = readArguments(process.argv.slice(2));
  await install(root);
  const { launch } = await import('./lib/launcher.mjs');
  await launch({ root, ...options });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
