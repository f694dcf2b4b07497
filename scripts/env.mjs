// npm run env: writes .env from .env.example with fresh secrets, for `docker compose up`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { newSecret } from './lib/secrets.mjs';

const root = resolve(import.meta.dirname, '..');
const file = resolve(root, '.env');
if (existsSync(file)) {
  console.error('.env exists already; remove it first, or fill in its blank secrets by hand.');
  process.exit(1);
}
const SECRETS = /^(POSTGRES_PASSWORD|REDIS_PASSWORD|SERVICE_TOKEN|AUTH_SECRET)=$/gm;
const text = readFileSync(resolve(root, '.env.example'), 'utf8').replace(
  SECRETS,
  (_line, name) => `${name}=${newSecret()}`,
);
writeFileSync(file, text, { mode: 0o600 });
console.log('.env is written. Set CODEX_API_KEY in it, then: docker compose up -d');
