// npm run secrets:rotate: a new master key for the secrets of an installation that `npm start` runs, while it runs. With
// `-- --resume` it finishes an interrupted rotation. For compose: docs/operations.md.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, buildState } from './lib/build.mjs';
import { capture } from './lib/run.mjs';

const root = resolve(import.meta.dirname, '..');
try {
  if (buildState(root, 'contracts') === 'missing') await build(root, { only: ['contracts'] });
  const { readSettings } = await import('./lib/settings.mjs');
  const { storesOf } = await import('./doctor/store-addresses.mjs');
  const settings = readSettings(root);
  const { url } = storesOf(settings).postgres;
  const program = join(root, 'apps/backend/dist/rotate-secrets.js');
  if (url === null || !existsSync(program)) throw new Error('Run "npm start" first.');
  const env = {
    ...(process.env.PATH && { PATH: process.env.PATH }),
    DATABASE_URL: url,
    SECRETS_KEY_FILE: join(settings.DATA_DIR, 'secrets-key'),
    ...(settings.SECRETS_KEY && { SECRETS_KEY: settings.SECRETS_KEY.join(',') }),
  };
  process.stdout.write(await capture(process.execPath, [program, ...process.argv.slice(2)], { env }));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
