import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EvidenceKeys as EvidenceKeyList } from '@saas-codex/contracts/evidence';
import { LOCK, Locks } from '../database/locks.js';
import { SystemDatabase } from '../database/system-database.js';
import { type Envelope, seal, unseal } from '../secrets/envelope.js';
import { MasterKeys } from '../secrets/master-keys.js';
import type { SigningKey } from './statement.js';

interface KeyRow extends Envelope {
  id: string;
  fingerprint: string;
  publicKey: string;
  createdAt: Date;
}

const KEYS = `
  SELECT id, fingerprint, public_key AS "publicKey", key_id AS "keyId", wrapped_key AS "wrappedKey", ciphertext,
         created_at AS "createdAt" FROM evidence_keys ORDER BY created_at DESC, id`;

const INSERT = `
  INSERT INTO evidence_keys (id, fingerprint, public_key, key_id, wrapped_key, ciphertext, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, now())`;

/** The key belongs to the installation, so to no tenant. `rotation.ts` names the same place. */
const placeOf = (id: string) => ({ tenantId: '', id, kind: 'evidence_key' });

/**
 * The installation's keys for evidence. The newest one signs; the public halves of all of them are for everybody. The first one is
 * made when it is first needed. Private halves leave Postgres only to sign, in memory.
 */
@Injectable()
export class EvidenceKeys {
  private current: SigningKey | null = null;

  constructor(
    private readonly system: SystemDatabase,
    private readonly locks: Locks,
    private readonly masterKeys: MasterKeys,
  ) {}

  /** Empty until something was signed. */
  async list(): Promise<EvidenceKeyList> {
    const rows = await this.system.query<KeyRow>(KEYS);
    const items = rows.map(({ fingerprint, publicKey, createdAt }) => ({
      key_id: fingerprint,
      algorithm: 'Ed25519' as const,
      public_key: publicKey,
      created_at: createdAt.toISOString(),
    }));
    return { items };
  }

  /** @throws MasterKeyMissing, DecryptionError */
  async signingKey(): Promise<SigningKey> {
    return (this.current ??= await this.locks.withLock(LOCK.evidenceKey, async () => {
      const [newest] = await this.system.query<KeyRow>(KEYS);
      return newest ? this.open(newest) : this.make();
    }));
  }

  private async open(row: KeyRow): Promise<SigningKey> {
    const pem = unseal(await this.masterKeys.get(), placeOf(row.id), row);
    return { fingerprint: row.fingerprint, privateKey: createPrivateKey(pem) };
  }

  private async make(): Promise<SigningKey> {
    const { privateKey } = generateKeyPairSync('ed25519');
    const publicKey = createPublicKey(privateKey);
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const fingerprint = createHash('sha256').update(der).digest('hex');
    const id = randomUUID();
    const [master] = await this.masterKeys.get();
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const { keyId, wrappedKey, ciphertext } = seal(master, placeOf(id), pem);
    const publicPem = publicKey.export({ type: 'spki', format: 'pem' });
    await this.system.query(INSERT, [id, fingerprint, publicPem, keyId, wrappedKey, ciphertext]);
    return { fingerprint, privateKey };
  }
}
