import { Injectable } from '@nestjs/common';
import type { Me } from '@saas-codex/contracts/identity';
import type { Role } from '@saas-codex/contracts/permissions';
import { TENANT_GRACE_DAYS } from '@saas-codex/contracts/tenants';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { SystemDatabase } from '../database/system-database.js';
import { actorId } from './actor.js';
import type { CallerContext } from './request-context.js';

/** A person in a tenant, and their role there. */
export interface Membership {
  tenantId: string;
  userId: string;
  role: Role;
  /** The tenant was deleted. It can still be restored, and little else can be done in it. */
  tenantDeleted: boolean;
}

/** A person or a service account in a tenant, and the role there: what an API key stands for. */
export interface Principal {
  kind: 'person' | 'service_account';
  principalId: string;
  tenantId: string;
  role: Role;
  /** See `Membership`. */
  tenantDeleted: boolean;
}

/** A principal as others know it. */
export interface NamedPrincipal {
  name: string;
  /** null: a service account has none. */
  email: string | null;
  role: Role;
}

/** The columns of a `Membership`, from `MEMBERS`. */
const MEMBERSHIP =
  'm.tenant_id AS "tenantId", m.user_id AS "userId", m.role, t.deleted_at IS NOT NULL AS "tenantDeleted"';
/** When the data of a deleted tenant, `tenants t`, is removed. */
export const DELETES_AT = `t.deleted_at + make_interval(days => ${TENANT_GRACE_DAYS})`;
/** People in tenants whose data is not being removed. */
const MEMBERS = '(members m JOIN tenants t ON t.id = m.tenant_id AND t.removal_started_at IS NULL)';

/** The columns of a `Principal`, from `PRINCIPALS`. */
export const PRINCIPAL =
  'm.kind, m.principal_id AS "principalId", m.tenant_id AS "tenantId", m.role, t.deleted_at IS NOT NULL AS "tenantDeleted"';
/** `MEMBERS`, and service accounts. */
export const PRINCIPALS = `
  ((SELECT 'person'::text AS kind, user_id AS principal_id, tenant_id, role, created_at FROM members
    UNION ALL
    SELECT 'service_account'::text, id, tenant_id, role, created_at FROM service_accounts) m
   JOIN tenants t ON t.id = m.tenant_id AND t.removal_started_at IS NULL)`;

/** Reads who belongs to which tenant. Its statements find the tenant that all others then carry. */
@Injectable()
export class Memberships {
  constructor(private readonly system: SystemDatabase) {}

  /** @param tenantId the tenant that the person has chosen; null: the one that they joined first, deleted ones last */
  async ofUser(userId: string, tenantId: string | null): Promise<Membership | undefined> {
    const [membership] = await this.system.query<Membership>(
      `SELECT ${MEMBERSHIP} FROM ${MEMBERS}
        WHERE m.user_id = $1 AND ($2::text IS NULL OR m.tenant_id = $2)
        ORDER BY t.deleted_at IS NOT NULL, m.created_at, m.id LIMIT 1`,
      [userId, tenantId],
    );
    return membership;
  }

  /** Whether any tenant has an owner: the first start is over. */
  async haveOwners(): Promise<boolean> {
    const found = await this.system.query(`SELECT FROM ${MEMBERS} WHERE m.role = 'owner' LIMIT 1`);
    return found.length > 0;
  }

  /** Those of these people and service accounts that still belong to the tenant, by id. */
  async named(tenantId: string, ids: readonly string[]): Promise<Map<string, NamedPrincipal>> {
    const rows = await this.system.query<NamedPrincipal & { id: string }>(
      `SELECT m.principal_id AS id, m.role, coalesce(u.name, a.name) AS name, u.email
         FROM ${PRINCIPALS}
         LEFT JOIN users u ON u.id = m.principal_id
         LEFT JOIN service_accounts a ON a.id = m.principal_id
        WHERE m.tenant_id = $1 AND m.principal_id = ANY($2::text[])`,
      [tenantId, ids],
    );
    return new Map(rows.map(({ id, ...principal }) => [id, principal]));
  }

  /** The caller and the tenant of a request, by name. @throws ProblemError unauthenticated */
  async describe({ tenantId, actor }: CallerContext): Promise<Omit<Me, 'permissions'>> {
    const id = actorId(actor);
    const [row] = await this.system.query<{
      name: string;
      email: string;
      tenant: string;
      deletesAt: Date | null;
    }>(
      `SELECT coalesce(u.name, a.name) AS name, coalesce(u.email, '') AS email, t.name AS tenant, ${DELETES_AT} AS "deletesAt"
         FROM ${PRINCIPALS}
         LEFT JOIN users u ON u.id = m.principal_id
         LEFT JOIN service_accounts a ON a.id = m.principal_id
        WHERE m.tenant_id = $1 AND m.principal_id = $2`,
      [tenantId, id],
    );
    if (!row) {
      throw new ProblemError('unauthenticated', 'You no longer belong to this organisation. Sign in again.');
    }
    return {
      kind: actor.kind === 'service_account' ? 'service_account' : 'person',
      user: { user_id: id, name: row.name, email: row.email },
      tenant: { tenant_id: tenantId, name: row.tenant, deletes_at: row.deletesAt?.toISOString() ?? null },
      role: actor.role,
    };
  }
}
