import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Sessions go back to before a run, and continue in another session. Runs of before have no `head_before`: then the branch of
 * the agent's own repository stays where it is.
 */
export class AddRewinds1796304000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(
      'ALTER TABLE sessions ADD COLUMN rewind jsonb, ADD COLUMN restored_tree text, ADD COLUMN forked_from jsonb',
    );
    await db.query('ALTER TABLE runs ADD COLUMN head_before jsonb, ADD COLUMN rewound_at timestamptz(3)');
    await db.query(`
      CREATE INDEX sessions_moving ON sessions (tenant_id, id) WHERE rewind ->> 'status' IN ('rewinding', 'undoing')`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs DROP COLUMN head_before, DROP COLUMN rewound_at');
    await db.query(
      'ALTER TABLE sessions DROP COLUMN rewind, DROP COLUMN restored_tree, DROP COLUMN forked_from',
    );
  }
}
