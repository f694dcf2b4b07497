import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/**
 * The audit log. Entries are only ever added: no role has the right to change or remove one, and the trigger refuses it to the owner of
 * the table, too. What it lets through is retention (`audit/audit-retention.ts`), which says so with a setting: of entries
 * older than 30 days, and of tenants that are gone. No foreign key leads to the tenant, since its cascade would be a removal.
 */
export class CreateAuditEntries1796100600000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE audit_entries (
        id              uuid PRIMARY KEY,
        tenant_id       text NOT NULL,
        at              timestamptz(3) NOT NULL,
        action          text NOT NULL,
        outcome         text NOT NULL CHECK (outcome IN ('done', 'refused')),
        problem         text,
        count           integer NOT NULL CHECK (count > 0),
        actor_kind      text NOT NULL,
        actor_id        text,
        actor_name      text,
        credential_kind text,
        credential_id   text,
        credential_name text,
        address         text,
        user_agent      text,
        request_id      text,
        target_kind     text,
        target_id       text,
        target_name     text,
        changes         jsonb
      )`);
    await db.query('CREATE INDEX audit_entries_by_time ON audit_entries (tenant_id, at DESC, id DESC)');
    await db.query('CREATE INDEX audit_entries_by_actor ON audit_entries (tenant_id, actor_id, at DESC)');
    await db.query('CREATE INDEX audit_entries_by_target ON audit_entries (tenant_id, target_id, at DESC)');
    await db.query('CREATE INDEX audit_entries_by_age ON audit_entries (at)');
    await addRowSecurity(db, 'audit_entries');
    await db.query(`
      CREATE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'DELETE' AND current_setting('saas_codex.audit_retention', true) = 'on' THEN
          IF OLD.at < now() - interval '30 days' OR NOT EXISTS (SELECT FROM tenants WHERE id = OLD.tenant_id) THEN
            RETURN OLD;
          END IF;
        END IF;
        RAISE EXCEPTION 'Entries of the audit log cannot be changed or removed.' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await db.query(`
      CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON audit_entries
        FOR EACH ROW EXECUTE FUNCTION keep_audit_entries()`);
    await db.query(`
      CREATE TRIGGER keep_table BEFORE TRUNCATE ON audit_entries
        FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_entries()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE audit_entries');
    await db.query('DROP FUNCTION keep_audit_entries');
  }
}
