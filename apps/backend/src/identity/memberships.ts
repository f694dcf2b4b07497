import { Injectable } from '@nestjs/common';
import type { Me } from '@saas-codex/contracts/identity';
import type { Role } from '@saas-codex/contracts/permissions';
import { TENANT_GRACE_DAYS } from '@saas-codex/contracts/tenants';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { SystemDatabase } from '../database/system-database.js';
import type { CallerContext } from './request-context.js';

/** A person in a tenant, and their role there. */
export interface Membership {
  tenantId: string;
  userId: string;
  role: Role;
  /** The tenant was deleted. It can still be restored, and little else can be done in it. */
  tenantDeleted: boolean;
}

/** The columns of a `Membership`, from `MEMBERS`. */
export const MEMBERSHIP =
  'm.tenant_id AS "tenantId", m.user_id AS "userId", m.role, t.deleted_at IS NOT NULL AS "tenantDeleted"';
/** When the data of a deleted tenant, `tenants t`, is removed. */
export const DELETES_AT = `t.deleted_at + make_interval(days => ${TENANT_GRACE_DAYS})`;
/** People in tenants whose data is not being removed. */
export const MEMBERS = '(members m JOIN tenants t ON t.id = m.tenant_id AND t.removal_started_at IS NULL)';

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

  /** The person and the tenant of a request, by name. @throws ProblemError unauthenticated */
  async describe({ tenantId, actor: { userId, role } }: CallerContext): Promise<Omit<Me, 'permissions'>> {
    const [row] = await this.system.query<{
      name: string;
      email: string;
      tenant: string;
      deletesAt: Date | null;
    }>(
      `SELECT u.name, u.email, t.name AS tenant, ${DELETES_AT} AS "deletesAt" FROM members m
         JOIN users u ON u.id = m.user_id
         JOIN tenants t ON t.id = m.tenant_id
        WHERE m.tenant_id = $1 AND m.user_id = $2`,
      [tenantId, userId],
    );
    if (!row) {
      throw new ProblemError('unauthenticated', 'You no longer belong to this organisation. Sign in again.');
    }
    return {
      user: { user_id: userId, name: row.name, email: row.email },
      tenant: { tenant_id: tenantId, name: row.tenant, deletes_at: row.deletesAt?.toISOString() ?? null },
      role,
    };
  }
}
