import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddTraceparent1795489000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs ADD COLUMN traceparent text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE runs DROP COLUMN traceparent');
  }
}
