import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/**
 * The webhook of an audit log, and what it is still to deliver, in the order of commits.
 *
 *     a transaction adds entries ─► its commit begins ─► the trigger locks the webhook's row ─► position ─► commit
 *
 * Entries have the time at which they were made, but transactions do not end in that order: a cursor on the time would skip
 * what is committed late. The trigger is deferred, so nobody waits for another lock while they hold this one. It does nothing
 * for a tenant without a webhook.
 */
export class CreateAuditWebhooks1796204000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE audit_webhooks (
        tenant_id         text           PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
        url               text           NOT NULL,
        secret_id         uuid           NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
        batch_end         bigint,
        last_delivered_at timestamptz(3),
        failures          integer        NOT NULL DEFAULT 0,
        failing_since     timestamptz(3),
        last_error        text,
        next_attempt_at   timestamptz(3)
      )`);
    await db.query(`
      CREATE TABLE audit_webhook_entries (
        tenant_id text   NOT NULL REFERENCES audit_webhooks (tenant_id) ON DELETE CASCADE,
        position  bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        entry_id  uuid   NOT NULL,
        PRIMARY KEY (tenant_id, position)
      )`);
    await addRowSecurity(db, 'audit_webhooks');
    await addRowSecurity(db, 'audit_webhook_entries');
    await db.query(`
      CREATE FUNCTION queue_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM FROM audit_webhooks WHERE tenant_id = NEW.tenant_id FOR UPDATE;
        IF FOUND THEN
          INSERT INTO audit_webhook_entries (tenant_id, entry_id) VALUES (NEW.tenant_id, NEW.id);
        END IF;
        RETURN NULL;
      END $$`);
    await db.query(`
      CREATE CONSTRAINT TRIGGER queue_rows AFTER INSERT ON audit_entries DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION queue_audit_entry()`);
    // Backends of the version before add entries meanwhile, so the rights come with the trigger. A dump has its own.
    await db.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_database() || '_tenant') THEN
          EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON audit_webhooks, audit_webhook_entries TO %I', current_database() || '_tenant');
        END IF;
      END $$`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TRIGGER queue_rows ON audit_entries');
    await db.query('DROP FUNCTION queue_audit_entry');
    await db.query('DROP TABLE audit_webhook_entries');
    await db.query('DROP TABLE audit_webhooks');
  }
}
