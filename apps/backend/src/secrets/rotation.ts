import { type Envelope, rewrap, type SecretPlace } from './envelope.js';
import type { MasterKeyList } from './master-keys.js';

type WrappedRow = SecretPlace & Pick<Envelope, 'keyId' | 'wrappedKey'>;

/** Sends one statement across all tenants. */
export type Query = <T>(statement: string, parameters: unknown[]) => Promise<T[]>;

const BATCH = 100;

/** Where sealed values are, and what each belongs to. */
const TABLES = {
  secrets: 'tenant_id AS "tenantId", kind',
  evidence_keys: `'' AS "tenantId", 'evidence_key' AS kind`,
};
type Table = keyof typeof TABLES;

const old = (table: Table) => `
  SELECT id, ${TABLES[table]}, key_id AS "keyId", wrapped_key AS "wrappedKey" FROM ${table}
   WHERE key_id <> $1 AND id > $2 ORDER BY id LIMIT ${BATCH}`;

/** Compare-and-set: a value that was replaced meanwhile has another data key. */
const rewrapIn = (table: Table) => `
  UPDATE ${table} SET key_id = $1, wrapped_key = $2 WHERE id = $3 AND wrapped_key = $4 RETURNING id`;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Wraps every data key with the current master key, while backends read and write. What is done is done: after an
 * interruption, the next call continues. Passes follow each other until one finds nothing, since a backend may have saved
 * a value with the key that was current before.
 * @returns how many data keys it wrapped
 * @throws MasterKeyMissing, DecryptionError
 */
export async function rotateSecrets(query: Query, keys: MasterKeyList): Promise<number> {
  const secrets = await rotateTable(query, keys, 'secrets');
  return secrets + (await rotateTable(query, keys, 'evidence_keys'));
}

async function rotateTable(query: Query, keys: MasterKeyList, table: Table): Promise<number> {
  const [current] = keys;
  let wrapped = 0;
  for (let found = true; found;) {
    found = false;
    for (let after = FIRST_ID; ;) {
      const rows = await query<WrappedRow>(old(table), [current.id, after]);
      for (const row of rows) {
        const { keyId, wrappedKey } = rewrap(keys, current, row, row);
        wrapped += (await query(rewrapIn(table), [keyId, wrappedKey, row.id, row.wrappedKey])).length;
      }
      const last = rows.at(-1);
      if (!last) break;
      found = true;
      after = last.id;
    }
  }
  return wrapped;
}
