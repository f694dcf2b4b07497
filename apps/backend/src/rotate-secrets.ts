import { readConfig } from '@saas-codex/service-kit/config';
import { runMain } from '@saas-codex/service-kit/service';
import pg from 'pg';
import { Config } from './config.js';
import { LOCK, Locks } from './database/locks.js';
import { MasterKeys } from './secrets/master-keys.js';
import { rotateSecrets } from './secrets/rotation.js';

/**
 * `node dist/rotate-secrets.js`: wraps all saved secrets with the current master key, while the system runs. Keys in
 * SECRETS_KEY_FILE get a new one first; in SECRETS_KEY, the operator has put the new one before the old one.
 * `--resume` makes no new key: it finishes what was interrupted.
 */
await runMain(async () => {
  const config = readConfig(Config.pick({ DATABASE_URL: true, SECRETS_KEY: true, SECRETS_KEY_FILE: true }));
  const isNew = !config.SECRETS_KEY && !process.argv.includes('--resume');
  const locks = new Locks(config.DATABASE_URL);
  const pool = new pg.Pool({ connectionString: config.DATABASE_URL, max: 1 });
  const query = async <T>(statement: string, parameters: unknown[]) =>
    (await pool.query(statement, parameters)).rows as T[];
  try {
    // Two rotations at once would each drop the other's new key from the file.
    await locks.withLock(LOCK.secretsKey, async () => {
      const keys = new MasterKeys(config);
      const list = isNew ? await keys.addKey() : await keys.get();
      const wrapped = await rotateSecrets(query, list);
      process.stdout.write(
        `${wrapped} secrets were wrapped again. All use the key ${list[0].id} now. ` +
          'Keep the older keys for as long as you keep backups of the database from before.\n',
      );
    });
  } finally {
    await pool.end();
    await locks.close();
  }
});
