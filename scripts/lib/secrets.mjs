import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const newSecret = () => randomBytes(32).toString('hex');

/**
 * The secrets that our own parts share, made at the first start and kept in DATA_DIR (0600).
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
