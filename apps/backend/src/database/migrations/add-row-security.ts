import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity, removeRowSecurity } from '../row-security.js';

const TABLES = [
  'sessions',
  'runs',
  'run_events',
  'idempotency_keys',
  'mirror_usage',
  'members',
  'invitations',
];

/**
 * Row-level security for every table of tenants. And an event belongs to a run of its own tenant: an event of one tenant on a
 * run of another would take the place of the run's own.
 */
export class AddRowSecurity1795960200000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const table of TABLES) await addRowSecurity(db, table);
    await addRowSecurity(db, 'tenants', 'id');
    await db.query('ALTER TABLE runs ADD UNIQUE (tenant_id, id)');
    await db.query(`
      ALTER TABLE run_events
        DROP CONSTRAINT run_events_run_id_fkey,
        ADD FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id) ON DELETE CASCADE`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE run_events
        DROP CONSTRAINT run_events_tenant_id_run_id_fkey,
        ADD FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE`);
    await db.query('ALTER TABLE runs DROP CONSTRAINT runs_tenant_id_id_key');
    for (const table of [...TABLES, 'tenants']) await removeRowSecurity(db, table);
  }
}
