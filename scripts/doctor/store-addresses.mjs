import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Store
 * @property {string | null} url null if it is our own and its secrets do not exist yet
 * @property {boolean} own `npm start` brings it
 */

/**
 * Where the stores are. Unlike the launcher, this creates no secrets.
 * @param {import('../lib/settings.mjs').Settings} settings
 * @returns {{ postgres: Store, redis: Store }}
 */
export function storesOf(settings) {
  const secrets = readSecretsIfThere(settings.DATA_DIR);
  const { POSTGRES_PORT, REDIS_PORT } = settings;
  const own = secrets && {
    postgres: `postgres://saas:${encodeURIComponent(secrets.postgresPassword)}@127.0.0.1:${POSTGRES_PORT}/saas_codex`,
    redis: `redis://:${encodeURIComponent(secrets.redisPassword)}@127.0.0.1:${REDIS_PORT}`,
  };
  return {
    postgres: { url: settings.DATABASE_URL ?? own?.postgres ?? null, own: !settings.DATABASE_URL },
    redis: { url: settings.REDIS_URL ?? own?.redis ?? null, own: !settings.REDIS_URL },
  };
}

/** @param {string} dataDir @returns {ReturnType<typeof import('../lib/secrets.mjs').readSecrets> | null} */
function readSecretsIfThere(dataDir) {
  const file = join(dataDir, 'secrets.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}
