import { Injectable } from '@nestjs/common';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import { type RevokeOtherSignInsQuery, SignInEntry } from '@saas-codex/contracts/sign-in';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { z } from 'zod';
import { decodeCursor, toPage } from '../../database/cursor.js';
import { SystemDatabase } from '../../database/system-database.js';
import { ApiKeys } from '../api-keys.js';
import type { CallerContext } from '../request-context.js';
import { signedInPerson } from '../person.js';

interface Row {
  id: string;
  createdAt: Date;
  lastUsedAt: Date;
  address: string | null;
  userAgent: string | null;
}

const SignInCursor = z.tuple([Timestamp, z.string().max(100)]);

/** A person's sign-ins, each in one browser. One that is deleted takes its cookie with it, and its open streams end. */
@Injectable()
export class SignIns {
  constructor(
    private readonly system: SystemDatabase,
    private readonly apiKeys: ApiKeys,
  ) {}

  /** Newest first. @throws ProblemError person_required, invalid_cursor */
  async list({ actor }: CallerContext, { cursor, limit }: PageQuery) {
    const { signInId: current, userId } = signedInPerson(actor);
    const [before = null, id = null] = decodeCursor(cursor, SignInCursor) ?? [];
    const rows = await this.system.query<Row>(
      `SELECT id, created_at AS "createdAt", coalesce(last_used_at, created_at) AS "lastUsedAt",
              nullif(ip_address, '') AS address, nullif(user_agent, '') AS "userAgent"
         FROM user_sessions
        WHERE user_id = $1 AND expires_at > now() AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
        ORDER BY created_at DESC, id DESC LIMIT $4`,
      [userId, before, id, limit + 1],
    );
    return toPage(
      rows,
      limit,
      (row) => [row.createdAt.toISOString(), row.id],
      (row): SignInEntry => ({
        sign_in_id: row.id,
        created_at: row.createdAt.toISOString(),
        last_used_at: row.lastUsedAt.toISOString(),
        address: row.address,
        user_agent: row.userAgent,
        current: row.id === current,
      }),
    );
  }

  /** @throws ProblemError person_required, sign_in_not_found */
  async revoke({ actor }: CallerContext, signInId: string): Promise<void> {
    const { userId } = signedInPerson(actor);
    const ended = await this.system.query(
      'DELETE FROM user_sessions WHERE id = $1 AND user_id = $2 RETURNING id',
      [signInId, userId],
    );
    if (ended.length === 0)
      throw new ProblemError('sign_in_not_found', 'It may have ended already. Reload the list.');
  }

  /** Ends all but the one that asks. @throws ProblemError person_required */
  async revokeOthers(
    { actor }: CallerContext,
    { api_keys: revokeKeys }: RevokeOtherSignInsQuery,
  ): Promise<void> {
    const { userId, signInId } = signedInPerson(actor);
    await this.system.query('DELETE FROM user_sessions WHERE user_id = $1 AND id <> $2', [userId, signInId]);
    if (revokeKeys) await this.apiKeys.revokeAllOf(userId);
  }
}
