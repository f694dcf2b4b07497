import { Injectable } from '@nestjs/common';
import type { Member, MemberPage } from '@saas-codex/contracts/members';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import type { Role } from '@saas-codex/contracts/permissions';
import { z } from 'zod';
import { AuditedChanges } from '../audit/audited-changes.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { SystemDatabase } from '../database/system-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import type { RequestContext } from '../identity/request-context.js';

/** JavaScript's times have milliseconds, and so have the keys of pages. */
const JOINED = `date_trunc('milliseconds', m.created_at)`;
const MEMBER = `m.user_id AS "userId", u.name, u.email, m.role, ${JOINED} AS "joinedAt"`;

interface MemberRow {
  userId: string;
  name: string;
  email: string;
  role: Role;
  joinedAt: Date;
}

const LIST = `
  SELECT ${MEMBER} FROM members m JOIN users u ON u.id = m.user_id
   WHERE m.tenant_id = $1 AND ($2::timestamptz IS NULL OR (${JOINED}, m.user_id) > ($2, $3::text))
   ORDER BY ${JOINED}, m.user_id LIMIT $4`;

const ONE = `SELECT ${MEMBER} FROM members m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = $1 AND m.user_id = $2`;

/*
 * A tenant keeps an owner, also when its owners demote or remove each other at the same time. Each statement locks the rows of
 * all owners, in one order. The second one waits for the first, and Postgres then drops from `owners` who is none any more.
 */
const OWNERS = `
  owners AS MATERIALIZED (
    SELECT user_id FROM members WHERE tenant_id = $1 AND role = 'owner' ORDER BY user_id FOR UPDATE)`;
const ANOTHER_OWNER = '(SELECT count(*) FROM owners) > 1';

/** $3: the new role. $4: whether the caller may change owners. */
const CHANGE_ROLE = `
  WITH ${OWNERS}, changed AS (
    UPDATE members m SET role = $3
     WHERE m.tenant_id = $1 AND m.user_id = $2
       AND (m.role <> 'owner' OR ($4 AND ($3 = 'owner' OR ${ANOTHER_OWNER})))
    RETURNING m.user_id)
  SELECT user_id FROM changed`;

/** $3: whether the caller may remove owners. The keys that the person has in this tenant go, too. */
const REMOVE = `
  WITH ${OWNERS}, gone AS (
    DELETE FROM members m
     WHERE m.tenant_id = $1 AND m.user_id = $2 AND (m.role <> 'owner' OR ($3 AND ${ANOTHER_OWNER}))
    RETURNING m.user_id),
  keys AS (
    DELETE FROM api_keys k USING gone g
     WHERE k.reference_id = g.user_id AND k.metadata::jsonb ->> 'tenantId' = $1)
  SELECT user_id FROM gone`;

/** Who has left a tenant lands in another one. */
const FORGET_CHOICE = `
  WITH changed AS (
    UPDATE user_sessions SET active_tenant_id = NULL WHERE user_id = $1 AND active_tenant_id = $2)
  SELECT 1`;

const MemberCursor = z.tuple([Timestamp, z.string().max(100)]);

/** The people of a tenant. */
@Injectable()
export class MemberStore {
  constructor(
    private readonly system: SystemDatabase,
    private readonly changes: AuditedChanges,
  ) {}

  /** @throws ProblemError invalid_cursor */
  async list({ tenantId }: TenantScope, { cursor, limit }: PageQuery): Promise<MemberPage> {
    const after = decodeCursor(cursor, MemberCursor) ?? [null, null];
    const rows = await this.system.query<MemberRow>(LIST, [tenantId, ...after, limit + 1]);
    return toPage(rows, limit, (row) => [row.joinedAt.toISOString(), row.userId], toMember);
  }

  async find({ tenantId }: TenantScope, userId: string): Promise<Member | null> {
    const [row] = await this.system.query<MemberRow>(ONE, [tenantId, userId]);
    return row ? toMember(row) : null;
  }

  /** @returns false when there is no such member, or the change is not allowed; then nothing has changed */
  async changeRole(
    ctx: RequestContext,
    userId: string,
    to: Role,
    { mayChangeOwners }: { mayChangeOwners: boolean },
  ): Promise<boolean> {
    const changed = await this.changes.change(ctx, CHANGE_ROLE, [ctx.tenantId, userId, to, mayChangeOwners]);
    return changed.length > 0;
  }

  /** @returns false when there is no such member, or the removal is not allowed; then nothing has changed */
  async remove(
    ctx: RequestContext,
    userId: string,
    { mayChangeOwners }: { mayChangeOwners: boolean },
  ): Promise<boolean> {
    const gone = await this.changes.change(ctx, REMOVE, [ctx.tenantId, userId, mayChangeOwners]);
    return gone.length > 0;
  }

  async forgetChoice({ tenantId }: TenantScope, userId: string): Promise<void> {
    await this.system.query(FORGET_CHOICE, [userId, tenantId]);
  }
}

const toMember = ({ userId, name, email, role, joinedAt }: MemberRow): Member => ({
  user_id: userId,
  name,
  email,
  role,
  joined_at: joinedAt.toISOString(),
});
