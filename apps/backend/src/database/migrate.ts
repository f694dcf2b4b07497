import type { DataSource } from 'typeorm';

/** Any constant of our own: everybody who migrates this database asks for the same lock. */
const MIGRATION_LOCK = 7_318_004;

/**
 * Brings the schema up to date. Backends that start together queue on an advisory lock, so each migration runs
 * once; the lock goes with its connection when a process dies.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'each' });
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await lock.release();
  }
}
