// npm run env: writes .env of a new installation from .env.example, with fresh secrets, for `docker compose up`. Needs nothing but Node.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { newEnvironment } from './lib/secrets.mjs';

const root = resolve(import.meta.dirname, '..');
const file = resolve(root, '.env');
if (existsSync(file)) {
  console.error('.env exists already. Remove it first, or fill in its blank secrets by hand.');
  process.exit(1);
}
const example = readFileSync(resolve(root, '.env.example'), 'utf8');
writeFileSync(file, newEnvironment(example), { mode: 0o600 });
console.log('.env is written. Set CODEX_API_KEY in it, then run: docker compose up -d');
