import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where the agent's own repository was when something was committed: its next commits begin there. */
export class AddAgentHeads1796700000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE session_commits ADD COLUMN agent_head text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE session_commits DROP COLUMN agent_head');
  }
}
