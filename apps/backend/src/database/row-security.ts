import type { QueryRunner } from 'typeorm';

/*
 * The second line between tenants, in Postgres itself. The first is the predicate of `TenantRepository` and of each statement.
 *
 *     a statement's role      sees and changes, in a table with row-level security
 *     <database>_tenant       the rows of the tenant that its transaction has set; without one, none
 *     <database>_system       every row, as far as its grants go (`database-roles.ts`)
 *     the table's owner       every row: policies do not bind it, so an older backend works beside this one
 *
 * The policies name no role, and build the role's name from that of the database. So a dump can be restored on a server that
 * does not have the roles yet, and a database can be renamed.
 */

/** The setting that holds the tenant of a transaction. */
const TENANT_SETTING = 'saas_codex.tenant_id';

/** After the first transaction of a connection that has set it, the setting is empty elsewhere, not absent. */
const TENANT_NOW = `nullif(current_setting('${TENANT_SETTING}', true), '')`;

export const TENANT_ROLE = `current_database() || '_tenant'`;
export const SYSTEM_ROLE = `current_database() || '_system'`;

/** Makes the transaction one of a tenant, $1, until its end. */
export const BECOME_TENANT = `
  SELECT set_config('role', ${TENANT_ROLE}, true), set_config('${TENANT_SETTING}', $1, true)`;

/** Makes the transaction one of the system, until its end. */
export const BECOME_SYSTEM = `SELECT set_config('role', ${SYSTEM_ROLE}, true)`;

/**
 * For the migration that creates a table of tenants. A backend does not start while a table with a `tenant_id` lacks this.
 *
 * The sub-selects are evaluated once per statement instead of once per row. And `nullif(…, false) IS NOT NULL` is as true as the
 * comparison in it, but the planner expects it of nearly every row. A statement states its tenant itself; if the same
 * condition came twice, the planner would expect far fewer rows than there are, and sort all of them instead of reading the
 * first ones from an index.
 * @param column holds the row's tenant
 */
export async function addRowSecurity(db: QueryRunner, table: string, column = 'tenant_id'): Promise<void> {
  await db.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
  await db.query(`
    CREATE POLICY tenant_rows ON ${table} USING (nullif(${column} = (SELECT ${TENANT_NOW}), false) IS NOT NULL)`);
  await db.query(`CREATE POLICY system_rows ON ${table} USING ((SELECT current_user = ${SYSTEM_ROLE}))`);
}

/** The inverse of `addRowSecurity`. */
export async function removeRowSecurity(db: QueryRunner, table: string): Promise<void> {
  await db.query(`DROP POLICY system_rows ON ${table}`);
  await db.query(`DROP POLICY tenant_rows ON ${table}`);
  await db.query(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
}
