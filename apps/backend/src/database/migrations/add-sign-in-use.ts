import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a sign-in was last used, for the list that a person revokes sign-ins from. */
export class AddSignInUse1795960400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE user_sessions ADD COLUMN last_used_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE user_sessions DROP COLUMN last_used_at');
  }
}
