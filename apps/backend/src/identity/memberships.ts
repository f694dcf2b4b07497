import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Me, Role } from '@saas-codex/contracts/identity';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { DataSource } from 'typeorm';
import { batchLoader } from '../database/batch-loader.js';
import type { RequestContext } from './request-context.js';

/** In which tenant somebody acts, and as what. */
export interface Membership {
  tenantId: string;
  userId: string;
  role: Role;
}

const MEMBERSHIP = 'm.tenant_id AS "tenantId", m.user_id AS "userId", m.role';

/** Reads who belongs where. These statements find the tenant that all others then carry. */
@Injectable()
export class Memberships {
  private readonly apiKeys = batchLoader((keyHashes: readonly string[]) => this.ofApiKeys(keyHashes));

  constructor(private readonly dataSource: DataSource) {}

  /** @param tenantId the tenant that the person has chosen; null: the one that they joined first */
  async ofUser(userId: string, tenantId: string | null): Promise<Membership | undefined> {
    return this.first<Membership>(
      `SELECT ${MEMBERSHIP} FROM members m
        WHERE m.user_id = $1 AND ($2::text IS NULL OR m.tenant_id = $2)
        ORDER BY m.created_at, m.id LIMIT 1`,
      [userId, tenantId],
    );
  }

  /**
   * The membership that an API key stands for: a person's, in the one tenant that the key was made for. Read for every
   * request: better-auth's own check writes the key's row each time and takes a database that is away for a wrong key.
   */
  ofApiKey(key: string): Promise<Membership | undefined> {
    return this.apiKeys.load(hashOf(key));
  }

  /** @throws what Postgres does when it is away */
  async reach(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }

  /** The person and the tenant of a request, by name. */
  async describe(ctx: RequestContext): Promise<Me> {
    const row = await this.first<{ name: string; email: string; tenant: string }>(
      `SELECT u.name, u.email, t.name AS tenant FROM members m
         JOIN users u ON u.id = m.user_id
         JOIN tenants t ON t.id = m.tenant_id
        WHERE m.tenant_id = $1 AND m.user_id = $2`,
      [ctx.tenantId, ctx.userId],
    );
    if (!row)
      throw new ProblemError('unauthenticated', 'You do not belong to this tenant any more: sign in again.');
    return {
      user: { user_id: ctx.userId, name: row.name, email: row.email },
      tenant: { tenant_id: ctx.tenantId, name: row.tenant },
      role: ctx.role,
    };
  }

  private async ofApiKeys(keyHashes: readonly string[]): Promise<(Membership | undefined)[]> {
    const rows = await this.dataSource.query<(Membership & { key: string })[]>(
      `SELECT k.key, ${MEMBERSHIP} FROM api_keys k
         JOIN members m ON m.user_id = k.reference_id AND m.tenant_id = k.metadata::jsonb ->> 'tenantId'
        WHERE k.key = ANY($1) AND k.enabled AND (k.expires_at IS NULL OR k.expires_at > now())`,
      [keyHashes],
    );
    const memberships = new Map(rows.map(({ key, ...membership }) => [key, membership]));
    return keyHashes.map((keyHash) => memberships.get(keyHash));
  }

  private async first<T>(sql: string, parameters: unknown[]): Promise<T | undefined> {
    const rows = await this.dataSource.query<T[]>(sql, parameters);
    return rows[0];
  }
}

/** As better-auth keeps keys. Its own function hands the work to a thread, at many times the cost of the work. */
const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64url');
