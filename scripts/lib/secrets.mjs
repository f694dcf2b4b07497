import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Major version of compose's Postgres in new installations. */
const NEW_POSTGRES = 16;

export const newSecret = () => randomBytes(32).toString('hex');

/**
 * The secrets that the parts of one installation share. The first start makes them; DATA_DIR keeps them, with mode 0600.
 * @param {string} dataDir
 * @returns {{ postgresPassword: string, redisPassword: string, serviceToken: string, authSecret: string }}
 */
export function readSecrets(dataDir) {
  const file = join(dataDir, 'secrets.json');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const secrets = {
      postgresPassword: newSecret(),
      redisPassword: newSecret(),
      serviceToken: newSecret(),
      authSecret: newSecret(),
    };
    writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * @param {string} example the text of .env.example
 * @returns {string} the same for a new installation: the version of its Postgres, and a fresh secret in each blank line of
 *   its group "Secrets"
 */
export function newEnvironment(example) {
  const start = example.indexOf('# --- Secrets ');
  const secrets = example.slice(start).replaceAll(/^[A-Z_]+=$/gm, (line) => `${line}${newSecret()}`);
  const settings = example
    .slice(0, start)
    .replace(/^POSTGRES_VERSION=.*$/m, `POSTGRES_VERSION=${NEW_POSTGRES}`);
  return settings + secrets;
}
