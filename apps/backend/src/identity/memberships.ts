import { Injectable } from '@nestjs/common';
import type { Me } from '@saas-codex/contracts/identity';
import type { Role } from '@saas-codex/contracts/permissions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { SystemDatabase } from '../database/system-database.js';
import type { CallerContext } from './request-context.js';

/** A person in a tenant, and their role there. */
export interface Membership {
  tenantId: string;
  userId: string;
  role: Role;
}

/** The columns of a `Membership`, from the table `members` as `m`. */
export const MEMBERSHIP = 'm.tenant_id AS "tenantId", m.user_id AS "userId", m.role';

/** Reads who belongs to which tenant. Its statements find the tenant that all others then carry. */
@Injectable()
export class Memberships {
  constructor(private readonly system: SystemDatabase) {}

  /** @param tenantId the tenant that the person has chosen; null: the one that they joined first */
  async ofUser(userId: string, tenantId: string | null): Promise<Membership | undefined> {
    const [membership] = await this.system.query<Membership>(
      `SELECT ${MEMBERSHIP} FROM members m
        WHERE m.user_id = $1 AND ($2::text IS NULL OR m.tenant_id = $2)
        ORDER BY m.created_at, m.id LIMIT 1`,
      [userId, tenantId],
    );
    return membership;
  }

  /** The person and the tenant of a request, by name. @throws ProblemError unauthenticated */
  async describe({ tenantId, actor: { userId, role } }: CallerContext): Promise<Omit<Me, 'permissions'>> {
    const [row] = await this.system.query<{ name: string; email: string; tenant: string }>(
      `SELECT u.name, u.email, t.name AS tenant FROM members m
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
      tenant: { tenant_id: tenantId, name: row.tenant },
      role,
    };
  }
}
