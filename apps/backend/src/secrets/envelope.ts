import { randomBytes } from 'node:crypto';
import { decrypt, DecryptionError, deriveKey, encrypt, KEY_BYTES } from '@saas-codex/service-kit/encryption';

/*
 * Envelope encryption: the value is encrypted with a data key of its own, and that with a master key.
 *
 *     master key (SECRETS_KEY) ──wraps──► data key ──encrypts──► value
 *
 * Both steps bind the tenant, the row and its kind: a row that was copied into another one does not open. A new master key only
 * wraps the data keys again (`rewrap`); the values stay as they are.
 */

export interface MasterKey {
  /** Names the key without telling anything of it. */
  id: string;
  key: Buffer;
}

/** What a sealed value belongs to. */
export interface SecretPlace {
  tenantId: string;
  id: string;
  kind: string;
}

/** As the columns hold it. */
export interface Envelope {
  keyId: string;
  wrappedKey: Buffer;
  ciphertext: Buffer;
}

/** None of the known master keys wraps the data key. */
class MasterKeyMissing extends Error {
  override name = 'MasterKeyMissing';
}

export const toMasterKey = (text: string): MasterKey => ({
  id: deriveKey(text, 'saas-codex secrets: key id', 8).toString('hex'),
  key: deriveKey(text, 'saas-codex secrets: master key'),
});

/** @param master the current one */
export function seal(master: MasterKey, place: SecretPlace, value: string): Envelope {
  const dataKey = randomBytes(KEY_BYTES);
  return {
    keyId: master.id,
    wrappedKey: encrypt(master.key, dataKey, contextOf('data key', place)),
    ciphertext: encrypt(dataKey, Buffer.from(value), contextOf('value', place)),
  };
}

/** @throws MasterKeyMissing, DecryptionError */
export const unseal = (keys: readonly MasterKey[], place: SecretPlace, envelope: Envelope): string =>
  decrypt(unwrap(keys, place, envelope), envelope.ciphertext, contextOf('value', place)).toString();

/** Wraps the data key with another master key. @throws MasterKeyMissing, DecryptionError */
export const rewrap = (
  keys: readonly MasterKey[],
  to: MasterKey,
  place: SecretPlace,
  envelope: Pick<Envelope, 'keyId' | 'wrappedKey'>,
): Pick<Envelope, 'keyId' | 'wrappedKey'> => ({
  keyId: to.id,
  wrappedKey: encrypt(to.key, unwrap(keys, place, envelope), contextOf('data key', place)),
});

function unwrap(
  keys: readonly MasterKey[],
  place: SecretPlace,
  { keyId, wrappedKey }: Pick<Envelope, 'keyId' | 'wrappedKey'>,
): Buffer {
  const master = keys.find(({ id }) => id === keyId);
  if (!master) throw new MasterKeyMissing(`The master key ${keyId} is not known.`);
  const dataKey = decrypt(master.key, wrappedKey, contextOf('data key', place));
  if (dataKey.length !== KEY_BYTES) throw new DecryptionError('The data key has a wrong length.');
  return dataKey;
}

const contextOf = (part: string, { tenantId, id, kind }: SecretPlace) => ['secret', part, tenantId, id, kind];
