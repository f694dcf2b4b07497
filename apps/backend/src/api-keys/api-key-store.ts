import { Injectable } from '@nestjs/common';
import type { ApiKey, ApiKeyPage } from '@saas-codex/contracts/api-keys';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import type { Permission } from '@saas-codex/contracts/permissions';
import { z } from 'zod';
import { AuditedChanges } from '../audit/audited-changes.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { SystemDatabase } from '../database/system-database.js';
import type { Principal } from '../identity/memberships.js';
import type { RequestContext } from '../identity/request-context.js';

const CREATED = `date_trunc('milliseconds', k.created_at)`;
const KEY = `
  k.id, k.name, k.start, k.permissions::jsonb -> 'scopes' AS scopes, ${CREATED} AS "createdAt",
  k.expires_at AS "expiresAt", k.last_request AS "lastUsedAt"`;
/** The keys of a person or a service account, $1, in a tenant, $2. */
const OWN = `k.reference_id = $1 AND k.metadata::jsonb ->> 'tenantId' = $2`;

const LIST = `
  SELECT ${KEY} FROM api_keys k
   WHERE ${OWN} AND ($3::timestamptz IS NULL OR (${CREATED}, k.id) < ($3, $4::text))
   ORDER BY ${CREATED} DESC, k.id DESC LIMIT $5`;

const ONE = `SELECT ${KEY} FROM api_keys k WHERE ${OWN} AND k.id = $3`;

const REVOKE = `
  WITH gone AS (DELETE FROM api_keys k WHERE ${OWN} AND k.id = $3 RETURNING k.id) SELECT id FROM gone`;

/** What an earlier attempt of the same request has made. Nobody has seen it. */
const REVOKE_UNSEEN = `
  WITH gone AS (DELETE FROM api_keys k WHERE ${OWN} AND k.metadata::jsonb ->> 'requestId' = $3 RETURNING k.id)
  SELECT id FROM gone`;

interface KeyRow {
  id: string;
  name: string | null;
  start: string | null;
  scopes: Permission[] | null;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

/** Whose keys, and in which tenant. */
export type KeyOwner = Pick<Principal, 'kind' | 'principalId' | 'tenantId'>;

const KeyCursor = z.tuple([Timestamp, z.string().max(100)]);

/** The keys that a person or a service account has in a tenant. */
@Injectable()
export class ApiKeyStore {
  constructor(
    private readonly system: SystemDatabase,
    private readonly changes: AuditedChanges,
  ) {}

  /** @throws ProblemError invalid_cursor */
  async list({ principalId, tenantId }: KeyOwner, { cursor, limit }: PageQuery): Promise<ApiKeyPage> {
    const after = decodeCursor(cursor, KeyCursor) ?? [null, null];
    const rows = await this.system.query<KeyRow>(LIST, [principalId, tenantId, ...after, limit + 1]);
    return toPage(rows, limit, (row) => [row.createdAt.toISOString(), row.id], toApiKey);
  }

  async find({ principalId, tenantId }: KeyOwner, id: string): Promise<ApiKey | undefined> {
    const [row] = await this.system.query<KeyRow>(ONE, [principalId, tenantId, id]);
    return row && toApiKey(row);
  }

  /** @returns false when there is no such key */
  async revoke(ctx: RequestContext, { principalId, tenantId }: KeyOwner, id: string): Promise<boolean> {
    return (await this.changes.change(ctx, REVOKE, [principalId, tenantId, id])).length > 0;
  }

  async revokeUnseen({ principalId, tenantId }: KeyOwner, requestId: string): Promise<void> {
    await this.system.query(REVOKE_UNSEEN, [principalId, tenantId, requestId]);
  }
}

const toApiKey = (row: KeyRow): ApiKey => ({
  key_id: row.id,
  name: row.name ?? '',
  start: row.start ?? '',
  scopes: row.scopes,
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt?.toISOString() ?? null,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
});
