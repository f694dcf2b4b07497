import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

const TRY_LOCK = `SELECT pg_try_advisory_lock(hashtextextended('session:' || $1, 0)) AS locked`;
const UNLOCK = `SELECT pg_advisory_unlock(hashtextextended('session:' || $1, 0))`;

/** The part of `pg`'s client that tells about a lost connection. */
interface Connection {
  once(event: 'end' | 'error', listener: () => void): void;
  off(event: 'end' | 'error', listener: () => void): void;
}

/**
 * Lets one backend at a time work on a session's folder. The lock lives on a Postgres connection that is held for
 * as long as the work takes: it needs no clock, and it goes with the process or the connection that dies.
 */
@Injectable()
export class SessionLock {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `work` under the session's lock, or answers `again` when another backend holds it.
   * @param work its signal is `signal`, and is also aborted when the lock is lost
   */
  async hold<T>(
    sessionId: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | 'again'> {
    const runner = this.dataSource.createQueryRunner();
    const lost = new AbortController();
    const onLost = () => lost.abort();
    try {
      const connection = (await runner.connect()) as Connection;
      const [{ locked }] = (await runner.query(TRY_LOCK, [sessionId])) as [{ locked: boolean }];
      if (!locked) return 'again';
      connection.once('error', onLost);
      connection.once('end', onLost);
      try {
        return await work(AbortSignal.any([signal, lost.signal]));
      } finally {
        connection.off('error', onLost);
        connection.off('end', onLost);
        if (!lost.signal.aborted) await runner.query(UNLOCK, [sessionId]);
      }
    } finally {
      await runner.release();
    }
  }
}
