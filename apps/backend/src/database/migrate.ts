import type { DataSource } from 'typeorm';
import { LOCKS, withLock } from './advisory-lock.js';

/** Brings the schema up to date. Backends that start together wait for each other, so each migration runs once. */
export const migrate = (dataSource: DataSource): Promise<void> =>
  withLock(dataSource, LOCKS.migrate, async () => {
    await dataSource.runMigrations({ transaction: 'each' });
  });
