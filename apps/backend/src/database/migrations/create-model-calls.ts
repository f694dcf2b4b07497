import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addRowSecurity } from '../row-security.js';

/** The ledger of model calls, its totals, and what admins have set: limits, allowed models, prices. */
export class CreateModelCalls1796100500000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    // No reference to runs and sessions: what was spent stays when they are deleted, and goes with its tenant.
    await db.query(`
      CREATE TABLE model_calls (
        id                      uuid           PRIMARY KEY,
        tenant_id               text           NOT NULL,
        person                  text           NOT NULL,
        session_id              uuid           NOT NULL,
        run_id                  uuid           NOT NULL,
        repo_url                text,
        private_to              text,
        model                   text           NOT NULL,
        input_price             bigint,
        cached_input_price      bigint,
        output_price            bigint,
        state                   text           NOT NULL CHECK (state IN ('reserved', 'settled', 'released', 'assumed')),
        reserved_output_tokens  bigint,
        reserved_tokens         bigint         NOT NULL CHECK (reserved_tokens >= 0),
        reserved_micro_usd      bigint         NOT NULL CHECK (reserved_micro_usd >= 0),
        input_tokens            bigint         NOT NULL DEFAULT 0,
        cached_input_tokens     bigint         NOT NULL DEFAULT 0,
        output_tokens           bigint         NOT NULL DEFAULT 0,
        reasoning_output_tokens bigint         NOT NULL DEFAULT 0,
        tokens                  bigint         NOT NULL DEFAULT 0 CHECK (tokens >= 0),
        micro_usd               bigint         NOT NULL DEFAULT 0 CHECK (micro_usd >= 0),
        created_at              timestamptz(3) NOT NULL,
        ended_at                timestamptz(3),
        CHECK ((state = 'reserved') = (ended_at IS NULL))
      )`);
    await db.query('CREATE INDEX model_calls_by_time ON model_calls (tenant_id, created_at)');
    await db.query(
      `CREATE INDEX model_calls_reserved ON model_calls (tenant_id, run_id) WHERE state = 'reserved'`,
    );
    await db.query(`
      CREATE TABLE spend_totals (
        tenant_id          text     NOT NULL,
        scope              text     NOT NULL CHECK (scope IN ('run', 'session', 'person', 'tenant')),
        subject            text     NOT NULL,
        period             text     NOT NULL,
        tokens             bigint   NOT NULL DEFAULT 0 CHECK (tokens >= 0),
        micro_usd          bigint   NOT NULL DEFAULT 0 CHECK (micro_usd >= 0),
        reserved_tokens    bigint   NOT NULL DEFAULT 0 CHECK (reserved_tokens >= 0),
        reserved_micro_usd bigint   NOT NULL DEFAULT 0 CHECK (reserved_micro_usd >= 0),
        noticed_tokens     smallint NOT NULL DEFAULT 0,
        noticed_micro_usd  smallint NOT NULL DEFAULT 0,
        PRIMARY KEY (tenant_id, scope, subject, period)
      )`);
    await db.query(`
      CREATE TABLE spend_rules (
        tenant_id      text           PRIMARY KEY,
        limits         jsonb          NOT NULL DEFAULT '{}',
        allowed_models jsonb,
        model_prices   jsonb          NOT NULL DEFAULT '{}',
        updated_by     text           NOT NULL,
        updated_at     timestamptz(3) NOT NULL
      )`);
    for (const table of ['model_calls', 'spend_totals', 'spend_rules']) await addRowSecurity(db, table);
  }

  async down(db: QueryRunner): Promise<void> {
    for (const table of ['spend_rules', 'spend_totals', 'model_calls']) await db.query(`DROP TABLE ${table}`);
  }
}
