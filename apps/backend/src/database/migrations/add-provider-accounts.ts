import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of one provider, a subject has one account. */
export class AddProviderAccounts1796000700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE UNIQUE INDEX user_accounts_provider_idx ON user_accounts (provider_id, account_id)
        WHERE provider_id <> 'credential'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX user_accounts_provider_idx');
  }
}
