import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CreateInvitation, Invitation, InvitationPage } from '@saas-codex/contracts/members';
import { type PageQuery, Timestamp } from '@saas-codex/contracts/pagination';
import type { Role } from '@saas-codex/contracts/permissions';
import { z } from 'zod';
import { AuditedChanges } from '../audit/audited-changes.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { SystemDatabase } from '../database/system-database.js';
import type { TenantScope } from '../database/tenant-row.js';
import type { RequestContext } from '../identity/request-context.js';
import type { RequestOrigin } from '../identity/request-origin.js';

const CREATED = `date_trunc('milliseconds', i.created_at)`;
const INVITATION = `
  i.id, i.tenant_id AS "tenantId", i.role, i.email, u.name AS "invitedBy", t.name AS "tenantName", ${CREATED} AS "createdAt", i.expires_at AS "expiresAt"`;

/**
 * Invitations that can be accepted. The one who invites must still be allowed to: an invitation does not outlive the
 * membership, or the role, that it was made with.
 */
const VALID = `
  i.status = 'pending' AND i.expires_at > now() AND t.id = i.tenant_id AND t.deleted_at IS NULL
  AND im.tenant_id = i.tenant_id AND im.user_id = i.inviter_id
  AND (im.role = 'owner' OR (im.role = 'admin' AND i.role <> 'owner'))`;
const FROM = 'invitations i, tenants t, members im';

interface InvitationRow extends TenantScope {
  id: string;
  role: Role;
  email: string | null;
  invitedBy: string;
  tenantName: string;
  createdAt: Date;
  expiresAt: Date;
}

const INSERT = `
  WITH earlier AS (SELECT FROM invitations WHERE id = $1),
  made AS (
    INSERT INTO invitations (id, tenant_id, email, role, status, expires_at, inviter_id, token_hash)
    VALUES ($1, $2, $3, $4, 'pending', now() + make_interval(days => $5), $6, $7)
    ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash RETURNING *)
  SELECT ${INVITATION}, NOT EXISTS (SELECT FROM earlier) AS "isNew"
    FROM made i, tenants t, users u WHERE t.id = i.tenant_id AND u.id = i.inviter_id`;

const LIST = `
  SELECT ${INVITATION} FROM ${FROM}, users u
   WHERE i.tenant_id = $1 AND u.id = i.inviter_id AND ${VALID}
     AND ($2::timestamptz IS NULL OR (${CREATED}, i.id) < ($2, $3::text))
   ORDER BY ${CREATED} DESC, i.id DESC LIMIT $4`;

const BY_TOKEN = `
  SELECT ${INVITATION} FROM ${FROM}, users u WHERE i.token_hash = $1 AND u.id = i.inviter_id AND ${VALID}`;

const REVOKE = `
  WITH revoked AS (
    UPDATE invitations SET status = 'revoked' WHERE tenant_id = $1 AND id = $2 AND status = 'pending' RETURNING id)
  SELECT id FROM revoked`;

const IS_MEMBER = `
  SELECT FROM invitations i JOIN members m ON m.tenant_id = i.tenant_id AND m.user_id = $2 WHERE i.token_hash = $1`;

/** $1: the token's hash, $2: the person, $3: their address. One statement, so of any number of attempts one succeeds. */
const ACCEPT = `
  WITH taken AS (
    UPDATE invitations i SET status = 'accepted' FROM tenants t, members im
     WHERE i.token_hash = $1 AND (i.email IS NULL OR i.email = $3) AND ${VALID}
       AND NOT EXISTS (SELECT FROM members m WHERE m.tenant_id = i.tenant_id AND m.user_id = $2)
    RETURNING i.tenant_id, i.role),
  joined AS (
    INSERT INTO members (id, tenant_id, user_id, role, created_at)
    SELECT gen_random_uuid(), tenant_id, $2, role, now() FROM taken
    ON CONFLICT (user_id, tenant_id) DO NOTHING RETURNING tenant_id)
  SELECT tenant_id AS "tenantId" FROM joined`;

/** $2: the new person's id, $3: their name, $4: their address, if the invitation names none. */
const ACCEPT_AS_NEW = `
  WITH taken AS (
    UPDATE invitations i SET status = 'accepted' FROM tenants t, members im
     WHERE i.token_hash = $1 AND (i.email IS NULL OR $4::text IS NULL OR i.email = $4) AND coalesce(i.email, $4) IS NOT NULL
       AND ${VALID}
    RETURNING i.tenant_id, i.role, i.email),
  person AS (
    INSERT INTO users (id, name, email, email_verified)
    SELECT $2, $3, coalesce(email, $4), false FROM taken RETURNING id),
  joined AS (
    INSERT INTO members (id, tenant_id, user_id, role, created_at)
    SELECT gen_random_uuid(), taken.tenant_id, person.id, taken.role, now() FROM taken, person RETURNING tenant_id)
  SELECT tenant_id AS "tenantId" FROM joined`;

const InvitationCursor = z.tuple([Timestamp, z.uuid()]);

/** What an invitation's link leads to. */
export type FoundInvitation = Pick<
  InvitationRow,
  'tenantId' | 'tenantName' | 'role' | 'email' | 'invitedBy' | 'expiresAt'
>;

/** Invitations. Their secrets are kept as hashes. */
@Injectable()
export class InvitationStore {
  constructor(
    private readonly system: SystemDatabase,
    private readonly changes: AuditedChanges,
  ) {}

  /** Inserted once more, by a repeated request, it gets a new secret. @returns the invitation and its secret, which cannot be read again */
  async insert(
    ctx: RequestContext,
    id: string,
    inviterId: string,
    { role, email, expires_in_days: days }: CreateInvitation,
  ): Promise<{ invitation: Invitation; token: string }> {
    const token = randomBytes(32).toString('base64url');
    const values = [id, ctx.tenantId, email ?? null, role, days, inviterId, hashOf(token)];
    const target = { id, name: email ?? null };
    const row = await this.changes.create<InvitationRow & { isNew: boolean }>(ctx, INSERT, values, target);
    if (!row) throw new Error('The invitation was not inserted.');
    return { invitation: toInvitation(row), token };
  }

  /** @throws ProblemError invalid_cursor */
  async list({ tenantId }: TenantScope, { cursor, limit }: PageQuery): Promise<InvitationPage> {
    const after = decodeCursor(cursor, InvitationCursor) ?? [null, null];
    const rows = await this.system.query<InvitationRow>(LIST, [tenantId, ...after, limit + 1]);
    return toPage(rows, limit, (row) => [row.createdAt.toISOString(), row.id], toInvitation);
  }

  /** @returns false when there is no such invitation, or it was accepted or revoked already */
  async revoke(ctx: RequestContext, id: string): Promise<boolean> {
    return (await this.changes.change(ctx, REVOKE, [ctx.tenantId, id])).length > 0;
  }

  async byToken(token: string): Promise<FoundInvitation | undefined> {
    const [row] = await this.system.query<InvitationRow>(BY_TOKEN, [hashOf(token)]);
    return row;
  }

  /** Whether the person belongs to the tenant already that the invitation is for. */
  async isMember(token: string, userId: string): Promise<boolean> {
    return (await this.system.query(IS_MEMBER, [hashOf(token), userId])).length > 0;
  }

  /**
   * Makes a person a member of the tenant that `byToken` has found.
   * @returns false when the invitation cannot be accepted by this person
   */
  async accept(
    { tenantId }: FoundInvitation,
    token: string,
    person: { userId: string; name: string; email: string },
    origin: RequestOrigin,
  ): Promise<boolean> {
    const values = [hashOf(token), person.userId, person.email];
    return (await this.changes.join({ tenantId }, origin, person, ACCEPT, values)).length > 0;
  }

  /**
   * Creates an account and makes it a member of the tenant that `byToken` has found. Nobody has proved the address.
   * @returns false when the invitation cannot be accepted with this address
   * @throws what Postgres answers when the address has an account; then nothing has changed
   */
  async acceptAsNew(
    { tenantId }: FoundInvitation,
    token: string,
    person: { userId: string; name: string; email: string | undefined },
    origin: RequestOrigin,
  ): Promise<boolean> {
    const values = [hashOf(token), person.userId, person.name, person.email ?? null];
    return (await this.changes.join({ tenantId }, origin, person, ACCEPT_AS_NEW, values)).length > 0;
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

const toInvitation = (row: InvitationRow): Invitation => ({
  invitation_id: row.id,
  role: row.role,
  email: row.email,
  invited_by: row.invitedBy,
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt.toISOString(),
});
