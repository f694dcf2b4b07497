import { Injectable } from '@nestjs/common';
import type { AuditTargetKind } from '@saas-codex/contracts/audit';
import { SystemDatabase } from '../database/system-database.js';
import type { TenantScope } from '../database/tenant-row.js';

/** $1: tenant, $2: actor, $3: API key, $4: target. */
const ACTOR = `
  coalesce((SELECT name FROM users WHERE id = $2), (SELECT name FROM service_accounts WHERE tenant_id = $1 AND id = $2)) AS actor, (SELECT name FROM api_keys WHERE id = $3) AS key`;
const TARGETS: Partial<Record<AuditTargetKind, string>> = {
  member:
    'SELECT u.name FROM users u JOIN members m ON m.user_id = u.id WHERE m.tenant_id = $1 AND u.id = $4',
  api_key: `SELECT name FROM api_keys WHERE metadata::jsonb ->> 'tenantId' = $1 AND id = $4`,
  invitation: 'SELECT email FROM invitations WHERE tenant_id = $1 AND id = $4',
  secret: 'SELECT name FROM secrets WHERE tenant_id = $1 AND id::text = $4',
  service_account: 'SELECT name FROM service_accounts WHERE tenant_id = $1 AND id = $4',
  session: `SELECT title FROM sessions WHERE tenant_id = $1 AND id::text = $4 AND visibility = 'tenant'`,
  tenant: 'SELECT name FROM tenants WHERE id = $1 AND id = $4',
};
const NO_TARGET = 'SELECT $4::text WHERE false AND $1::text IS NULL';

const PERSON = `
  SELECT u.id AS "userId", u.name, m.tenant_id AS "tenantId" FROM users u JOIN members m ON m.user_id = u.id`;

export interface AuditNamesOf {
  actor: string | null;
  key: string | null;
  target: string | null;
}

/** A person in one of their tenants. */
export interface AuditPerson extends TenantScope {
  userId: string;
  name: string;
}

/** Names as they are now, which an entry keeps: they change, and what they name goes away. */
@Injectable()
export class AuditNames {
  constructor(private readonly system: SystemDatabase) {}

  async read(
    { tenantId }: TenantScope,
    actorId: string,
    keyId: string | null,
    target: { kind: AuditTargetKind; id: string | null },
  ): Promise<AuditNamesOf> {
    const [names] = await this.system.query<AuditNamesOf>(
      `SELECT ${ACTOR}, (${TARGETS[target.kind] ?? NO_TARGET}) AS target`,
      [tenantId, actorId, keyId, target.id],
    );
    return names ?? { actor: null, key: null, target: null };
  }

  /** The person, once for each of their tenants. */
  person(userId: string): Promise<AuditPerson[]> {
    return this.system.query(`${PERSON} WHERE u.id = $1`, [userId]);
  }

  personWithEmail(email: string): Promise<AuditPerson[]> {
    return this.system.query(`${PERSON} WHERE u.email = lower($1)`, [email]);
  }
}
