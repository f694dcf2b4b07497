import { DataSource, type DataSourceOptions } from 'typeorm';
import { LOCK, type Locks } from './locks.js';

/** Brings the schema up to date. Backends that start together wait for each other, so each migration runs once. */
export const migrate = (locks: Locks, options: DataSourceOptions): Promise<void> =>
  locks.withLock(LOCK.migration, async () => {
    const dataSource = await new DataSource(options).initialize();
    try {
      await dataSource.runMigrations({ transaction: 'each' });
    } finally {
      await dataSource.destroy();
    }
  });
