import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigError } from '@saas-codex/service-kit/config';
import { LOCK, Locks } from '../database/locks.js';
import { SystemDatabase } from '../database/system-database.js';
import { MasterKeys } from './master-keys.js';

/**
 * Before the backend listens: an installation without secrets gets a key, and one with secrets has the keys that they need.
 * Backends that start together do this one after the other.
 */
@Injectable()
export class StoredKeysCheck implements OnModuleInit {
  constructor(
    private readonly locks: Locks,
    private readonly system: SystemDatabase,
    private readonly keys: MasterKeys,
  ) {}

  /** @throws ConfigError that says what to do */
  onModuleInit(): Promise<void> {
    return this.locks.withLock(LOCK.secretsKey, async () => {
      const used = await this.system.query<{ keyId: string; secrets: number }>(
        `SELECT key_id AS "keyId", count(*)::integer AS secrets
           FROM (SELECT key_id FROM secrets UNION ALL SELECT key_id FROM evidence_keys) AS saved GROUP BY 1 ORDER BY 1`,
      );
      const known = await this.keys.find();
      if (!known && used.length === 0) return void (await this.keys.addKey());
      const lost = used.filter(({ keyId }) => !known?.some(({ id }) => id === keyId));
      if (lost.length === 0) return;
      const secrets = lost.reduce((sum, one) => sum + one.secrets, 0);
      throw new ConfigError(
        `The master key of ${secrets === 1 ? 'one saved secret' : `${secrets} saved secrets`} is ${known ? 'another one' : 'missing'} ` +
          `(${lost.map(({ keyId }) => `key ${keyId}`).join(', ')}): put the key with which they were saved into SECRETS_KEY, ` +
          'after the current one and a comma, or as a further line into SECRETS_KEY_FILE.',
      );
    });
  }
}
