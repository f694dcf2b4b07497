import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A run's input becomes a union by kind, in place of `prompt`, which also held the scripts of setups. `kind` is generated
 * from the input, so the two always agree.
 */
export class AddRunInput1795912000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs ADD COLUMN input jsonb');
    await db.query(`
      UPDATE runs SET input =
        jsonb_build_object('kind', kind, CASE kind WHEN 'setup' THEN 'script' ELSE 'prompt' END, prompt)`);
    await db.query('ALTER TABLE runs ALTER COLUMN input SET NOT NULL, DROP COLUMN kind, DROP COLUMN prompt');
    await db.query(`
      ALTER TABLE runs
        ADD COLUMN kind text NOT NULL GENERATED ALWAYS AS (input ->> 'kind') STORED
          CHECK (kind IN ('prompt', 'setup'))`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE runs ADD COLUMN prompt text, ALTER COLUMN kind DROP EXPRESSION`);
    await db.query(`UPDATE runs SET prompt = coalesce(input ->> 'prompt', input ->> 'script')`);
    await db.query(`
      ALTER TABLE runs
        ALTER COLUMN prompt SET NOT NULL, ALTER COLUMN kind SET DEFAULT 'prompt', DROP COLUMN input`);
  }
}
