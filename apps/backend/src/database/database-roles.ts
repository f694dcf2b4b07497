import { ConfigError } from '@saas-codex/service-kit/config';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { BECOME_TENANT, SYSTEM_ROLE, TENANT_ROLE } from './row-security.js';

/*
 * Who does what in Postgres:
 *
 *     TenantDatabase         <database>_tenant   what belongs to one tenant; row-level security shows it no other's rows
 *     SystemDatabase         <database>_system   who is calling, which work is due, how much there is; across tenants
 *     better-auth, Locks,    the user of         people, credentials, the schema. The library takes a pool and sends single
 *     migrations             DATABASE_URL        statements on it, to which no role can be tied without a session of its own.
 *
 * The two roles cannot log in. The user of DATABASE_URL creates them, or, where it may not create roles, an administrator of the
 * server does once. A transaction takes its role by itself and loses it at its end, so connections can be pooled, also between
 * backends.
 */

const WRITES = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;
type Privilege = (typeof WRITES)[number];
type Grants = Readonly<Record<string, readonly Privilege[]>>;
type ColumnGrants = Readonly<Record<string, Partial<Record<Privilege, readonly string[]>>>>;

/** Everything that each role may do. A table that is missing here is closed to it. */
export const GRANTS: Readonly<Record<'tenant' | 'system', Grants>> = {
  tenant: {
    sessions: WRITES,
    runs: WRITES,
    run_events: ['SELECT', 'INSERT'],
    idempotency_keys: ['SELECT', 'INSERT', 'UPDATE'],
    mirror_usage: ['SELECT', 'INSERT', 'UPDATE'],
    audit_entries: ['SELECT', 'INSERT'],
    audit_webhooks: WRITES,
    audit_webhook_entries: WRITES,
    model_calls: ['SELECT', 'INSERT', 'UPDATE'],
    spend_totals: ['SELECT', 'INSERT', 'UPDATE'],
    spend_rules: ['SELECT', 'INSERT', 'UPDATE'],
    share_links: ['SELECT', 'INSERT', 'UPDATE'],
    session_reads: ['SELECT', 'INSERT', 'UPDATE'],
    review_progress: ['SELECT', 'INSERT', 'UPDATE'],
    secrets: WRITES,
    git_credentials: WRITES,
    connected_forges: WRITES,
    repository_rules: WRITES,
    service_accounts: WRITES,
    session_images: WRITES,
    pull_requests: ['SELECT', 'INSERT', 'UPDATE'],
    forge_webhooks: WRITES,
    approvals: ['SELECT', 'INSERT', 'UPDATE'],
    run_steers: ['SELECT', 'INSERT', 'UPDATE'],
    comments: WRITES,
    evidence: ['SELECT', 'INSERT'],
    session_commits: ['SELECT', 'INSERT'],
    session_pushes: ['SELECT', 'INSERT', 'UPDATE'],
  },
  system: {
    migrations: ['SELECT'],
    sessions: ['SELECT'],
    runs: ['SELECT'],
    approvals: ['SELECT'],
    pull_requests: ['SELECT'],
    forge_webhooks: ['SELECT'],
    session_pushes: ['SELECT'],
    model_calls: ['SELECT', 'DELETE'],
    spend_totals: ['SELECT', 'DELETE'],
    spend_rules: ['SELECT', 'DELETE'],
    secrets: ['SELECT'],
    audit_webhooks: ['SELECT'],
    audit_webhook_entries: ['SELECT'],
    idempotency_keys: ['SELECT', 'DELETE'],
    share_links: ['SELECT', 'UPDATE'],
    users: WRITES,
    second_factors: WRITES,
    passkeys: WRITES,
    recovery_codes: ['SELECT', 'INSERT', 'DELETE'],
    user_sessions: WRITES,
    tenants: WRITES,
    members: WRITES,
    invitations: WRITES,
    api_keys: WRITES,
    service_accounts: ['SELECT'],
    scim_users: WRITES,
    evidence_keys: ['SELECT', 'INSERT'],
  },
};

/** Where a role may use some columns of a table only. */
export const COLUMN_GRANTS: Readonly<Record<'tenant' | 'system', ColumnGrants>> = {
  tenant: {},
  system: {
    // Whose webhook an address is.
    connected_forges: { SELECT: ['id', 'tenant_id', 'url', 'kind'] },
    // Whether pull requests have something new to show.
    evidence: { SELECT: ['tenant_id', 'session_id', 'created_at'] },
    // Accounts at a provider. Passwords are in another column.
    user_accounts: {
      SELECT: ['user_id', 'provider_id', 'account_id'],
      INSERT: ['id', 'user_id', 'provider_id', 'account_id', 'updated_at'],
    },
  },
};

/** Postgres: insufficient_privilege. */
const NOT_ALLOWED = '42501';
/** Of a name in Postgres. */
const MAX_NAME_BYTES = 63;

interface Role {
  kind: keyof typeof GRANTS;
  name: string;
  exists: boolean;
  /** Whether the user of DATABASE_URL may take the role. */
  isOurs: boolean;
}

/** Postgres 16 tells members that may take a role from those that only inherit its rights. */
const ROLES = `
  SELECT kind, name, r.oid IS NOT NULL AS "exists",
         coalesce(pg_has_role(current_user, r.oid, CASE WHEN version >= 160000 THEN 'SET' ELSE 'MEMBER' END), false) AS "isOurs"
    FROM (VALUES ('tenant', ${TENANT_ROLE}), ('system', ${SYSTEM_ROLE})) AS wanted (kind, name)
         CROSS JOIN (SELECT current_setting('server_version_num')::integer AS version) AS server
         LEFT JOIN pg_roles r ON r.rolname = name`;

const MISSING_GRANTS = `
  SELECT g."table", g.privilege, g."column"
    FROM jsonb_to_recordset($2::jsonb) AS g ("table" text, privilege text, "column" text)
   WHERE NOT CASE WHEN g."column" IS NULL THEN has_table_privilege($1::name, g."table", g.privilege)
                  ELSE has_column_privilege($1::name, g."table", g."column", g.privilege) END`;

/** Tables of tenants in which nothing keeps the current role from other tenants' rows. */
const UNPROTECTED = `
  SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
   WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
     AND a.attname = 'tenant_id' AND NOT a.attisdropped AND NOT row_security_active(c.oid)
     AND (has_table_privilege(c.oid, 'DELETE') OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))
   ORDER BY 1`;

const quoted = pg.escapeIdentifier;

/**
 * Creates the roles that are missing. Before the migrations, so that nothing has changed when it fails.
 * @throws ConfigError with what an administrator of the server has to do
 */
export async function ensureRoles(dataSource: DataSource): Promise<void> {
  const roles = await dataSource.query<Role[]>(ROLES);
  if (roles.some(({ name }) => Buffer.byteLength(name) > MAX_NAME_BYTES)) {
    throw new ConfigError("DATABASE_URL: the database's name is too long. Use at most 56 bytes.");
  }
  await takeRoles(
    dataSource,
    roles.filter(({ isOurs }) => !isOurs),
  );
}

/**
 * After the migrations: grants what is missing, and proves that row-level security binds the role of tenants.
 * @throws ConfigError when it does not
 */
export async function ensureGrants(dataSource: DataSource): Promise<void> {
  for (const role of await dataSource.query<Role[]>(ROLES)) await grantMissing(dataSource, role);
  await requireRowSecurity(dataSource);
}

async function takeRoles(dataSource: DataSource, roles: Role[]): Promise<void> {
  const [{ user }] = await dataSource.query<[{ user: string }]>('SELECT current_user AS "user"');
  const statements = roles.flatMap(({ name, exists }) => [
    ...(exists ? [] : [`CREATE ROLE ${quoted(name)} NOLOGIN`]),
    `GRANT ${quoted(name)} TO ${quoted(user)}`,
  ]);
  for (const [index, statement] of statements.entries()) {
    try {
      await dataSource.query(statement);
    } catch (error) {
      if ((error as { code?: string }).code !== NOT_ALLOWED) throw error;
      const rest = statements.slice(index).join('; ');
      throw new ConfigError(
        `DATABASE_URL: its user may not create roles. As an administrator of the server, run: ${rest};`,
        { cause: error },
      );
    }
  }
}

interface Grant {
  table: string;
  privilege: string;
  /** null: the whole table. */
  column: string | null;
}

const grantsOf = (kind: Role['kind']): Grant[] => [
  ...Object.entries(GRANTS[kind]).flatMap(([table, privileges]) =>
    privileges.map((privilege) => ({ table, privilege, column: null })),
  ),
  ...Object.entries(COLUMN_GRANTS[kind]).flatMap(([table, privileges]) =>
    Object.entries(privileges).flatMap(([privilege, columns]) =>
      columns.map((column) => ({ table, privilege, column })),
    ),
  ),
];

async function grantMissing(dataSource: DataSource, { kind, name }: Role): Promise<void> {
  const missing = await dataSource.query<Grant[]>(MISSING_GRANTS, [name, JSON.stringify(grantsOf(kind))]);
  for (const { table, privilege, column } of missing) {
    const what = column === null ? privilege : `${privilege} (${quoted(column)})`;
    await dataSource.query(`GRANT ${what} ON ${quoted(table)} TO ${quoted(name)}`);
  }
  const [{ schema, open }] = await dataSource.query<[{ schema: string; open: boolean }]>(
    `SELECT current_schema() AS schema, has_schema_privilege($1::name, current_schema(), 'USAGE') AS open`,
    [name],
  );
  if (!open) await dataSource.query(`GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${quoted(name)}`);
}

async function requireRowSecurity(dataSource: DataSource): Promise<void> {
  const open = await dataSource.transaction(async (manager) => {
    await manager.query(BECOME_TENANT, ['']);
    return manager.query<{ name: string }[]>(UNPROTECTED);
  });
  if (open.length === 0) return;
  const names = open.map(({ name }) => name).join(', ');
  throw new ConfigError(
    `DATABASE_URL: row-level security does not bind the role of tenants in ${names}. Enable it there, and take superuser, ` +
      `BYPASSRLS and the ownership of tables from that role.`,
  );
}
