import type { DataSource } from 'typeorm';

/** What backends do one at a time. Any constants of our own, different from each other. */
export const LOCKS = { migrate: 7_318_001, firstStart: 7_318_002, retention: 7_318_003 } as const;

/**
 * Runs `work` while no other backend of this database holds the same lock. The lock belongs to a connection of its
 * own and goes with it when the process dies.
 */
export async function withLock<T>(
  dataSource: DataSource,
  lock: (typeof LOCKS)[keyof typeof LOCKS],
  work: () => Promise<T>,
): Promise<T> {
  const connection = dataSource.createQueryRunner();
  try {
    await connection.query('SELECT pg_advisory_lock($1)', [lock]);
    try {
      return await work();
    } finally {
      await connection.query('SELECT pg_advisory_unlock($1)', [lock]);
    }
  } finally {
    await connection.release();
  }
}

/** As `withLock`, but does nothing when another backend holds the lock. */
export async function tryLock(
  dataSource: DataSource,
  lock: (typeof LOCKS)[keyof typeof LOCKS],
  work: () => Promise<void>,
): Promise<void> {
  const connection = dataSource.createQueryRunner();
  try {
    const [{ locked }] = (await connection.query('SELECT pg_try_advisory_lock($1) AS locked', [lock])) as [
      { locked: boolean },
    ];
    if (!locked) return;
    try {
      await work();
    } finally {
      await connection.query('SELECT pg_advisory_unlock($1)', [lock]);
    }
  } finally {
    await connection.release();
  }
}
