import { Injectable } from '@nestjs/common';
import type { Passkey, PasskeyPage } from '@saas-codex/contracts/passkeys';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import type { WebAuthnCredential } from '@simplewebauthn/server';
import { z } from 'zod';
import { decodeCursor, toPage } from '../../../database/cursor.js';
import { SystemDatabase } from '../../../database/system-database.js';

/** Of one person. So many are shown without end, and nobody has them. */
const MAX_PASSKEYS = 50;

const PASSKEY = 'id, name, created_at AS "createdAt", last_used_at AS "lastUsedAt"';

interface Row {
  id: string;
  name: string;
  createdAt: Date;
  lastUsedAt: Date | null;
}

interface Known {
  userId: string;
  name: string;
  publicKey: Buffer;
  counter: string;
  transports: string[];
}

const INSERT = `
  INSERT INTO passkeys (user_id, name, credential_id, public_key, counter, transports)
  SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM passkeys WHERE user_id = $1) < ${MAX_PASSKEYS}
  ON CONFLICT (credential_id) DO NOTHING RETURNING ${PASSKEY}`;

const PasskeyCursor = z.tuple([Timestamp, z.uuid()]);

/** People's public keys. Who is signing in is not known before its key is read, and people belong to several tenants. */
@Injectable()
export class PasskeyStore {
  constructor(private readonly system: SystemDatabase) {}

  /** Newest first. @throws ProblemError invalid_cursor */
  async list(userId: string, { cursor, limit }: PageQuery): Promise<PasskeyPage> {
    const before = decodeCursor(cursor, PasskeyCursor) ?? [null, null];
    const rows = await this.system.query<Row>(
      `SELECT ${PASSKEY} FROM passkeys
        WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::text))
        ORDER BY created_at DESC, id DESC LIMIT $4`,
      [userId, ...before, limit + 1],
    );
    return toPage(rows, limit, (row) => [row.createdAt.toISOString(), row.id], toPasskey);
  }

  async credentialIds(userId: string): Promise<string[]> {
    const rows = await this.system.query<{ id: string }>(
      'SELECT credential_id AS id FROM passkeys WHERE user_id = $1',
      [userId],
    );
    return rows.map(({ id }) => id);
  }

  /** @returns undefined: it is known already, or the person has too many */
  async insert(userId: string, name: string, key: WebAuthnCredential): Promise<Passkey | undefined> {
    const { id, publicKey, counter, transports = [] } = key;
    const values = [userId, name, id, Buffer.from(publicKey), counter, transports];
    const [row] = await this.system.query<Row>(INSERT, values);
    return row && toPasskey(row);
  }

  /** @returns the key, and whose it is */
  async byCredential(
    id: string,
  ): Promise<{ user: { id: string; name: string }; credential: WebAuthnCredential } | undefined> {
    const [row] = await this.system.query<Known>(
      `SELECT p.user_id AS "userId", u.name, p.public_key AS "publicKey", p.counter, p.transports
         FROM passkeys p JOIN users u ON u.id = p.user_id WHERE p.credential_id = $1`,
      [id],
    );
    if (!row) return undefined;
    const { userId, name, publicKey, counter, transports } = row;
    return {
      user: { id: userId, name },
      credential: { id, publicKey: new Uint8Array(publicKey), counter: Number(counter), transports },
    };
  }

  /** @returns false: it was removed meanwhile; or another use of the same counter was faster, so it may be a copy */
  async recordUse(credentialId: string, counter: { from: number; to: number }): Promise<boolean> {
    const used = await this.system.query(
      `UPDATE passkeys SET counter = $3, last_used_at = date_trunc('milliseconds', now())
        WHERE credential_id = $1 AND counter = $2 RETURNING id`,
      [credentialId, counter.from, counter.to],
    );
    return used.length > 0;
  }

  async rename(userId: string, id: string, name: string): Promise<Passkey | undefined> {
    const [row] = await this.system.query<Row>(
      `UPDATE passkeys SET name = $3 WHERE id = $2 AND user_id = $1 RETURNING ${PASSKEY}`,
      [userId, id, name],
    );
    return row && toPasskey(row);
  }

  /** @returns false when the person has no such passkey */
  async remove(userId: string, id: string): Promise<boolean> {
    const gone = await this.system.query('DELETE FROM passkeys WHERE id = $2 AND user_id = $1 RETURNING id', [
      userId,
      id,
    ]);
    return gone.length > 0;
  }
}

const toPasskey = ({ id, name, createdAt, lastUsedAt }: Row): Passkey => ({
  passkey_id: id,
  name,
  created_at: createdAt.toISOString(),
  last_used_at: lastUsedAt?.toISOString() ?? null,
});
