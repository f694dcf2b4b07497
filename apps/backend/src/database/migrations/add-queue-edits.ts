import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Prompts that wait can be edited and put in another order. Without a position of its own, a run's is its ordinal. */
export class AddQueueEdits1796206000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(
      'ALTER TABLE runs ADD COLUMN queue_position int, ADD COLUMN edited_by jsonb, ADD COLUMN edited_at timestamptz(3)',
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(
      'ALTER TABLE runs DROP COLUMN queue_position, DROP COLUMN edited_by, DROP COLUMN edited_at',
    );
  }
}
