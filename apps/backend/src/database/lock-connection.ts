import pLimit from 'p-limit';
import pg from 'pg';

export interface LockTiming {
  /** Pause between two signs of life. */
  heartbeatMs: number;
  /** Postgres ends the connection of a backend that has given no sign of life for so long. */
  silenceMs: number;
}

/** A backend notices a dead connection after HEARTBEAT + ANSWER at most, which is well before Postgres gives it up. */
const TIMING: LockTiming = { heartbeatMs: 5_000, silenceMs: 30_000 };
const ANSWER_MS = 10_000;

const TRY_LOCK = 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked';
const UNLOCK = 'SELECT pg_advisory_unlock(hashtextextended($1, 0))';

/** The connection that held the locks is gone. It passes, as every store outage does. */
export class LockLostError extends Error {
  /** Postgres's `connection_failure`. */
  readonly code = '08006';

  constructor(cause: unknown) {
    super('The connection that holds the locks was lost.', { cause });
  }
}

/**
 * The Postgres connection on which a backend holds its advisory locks. Postgres frees them with the connection: at once
 * when the backend's process ends, and after `silenceMs` when the process is frozen or out of reach.
 */
export class LockConnection {
  private readonly abort = new AbortController();
  /** Aborts with a LockLostError when the connection and its locks are gone. */
  readonly lost: AbortSignal = this.abort.signal;
  /** A connection takes one statement at a time. */
  private readonly oneQuery = pLimit(1);
  private heartbeat: NodeJS.Timeout | undefined;

  private constructor(private readonly client: pg.Client) {
    client.on('error', (error) => this.lose(error));
    client.on('end', () => this.lose('The connection has ended.'));
  }

  static async open(url: string, { heartbeatMs, silenceMs } = TIMING): Promise<LockConnection> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'saas-codex-backend locks',
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
    });
    const connection = new LockConnection(client);
    await client.connect();
    await connection.query(`SET idle_session_timeout = ${silenceMs}`);
    const beat = () => void connection.query('SELECT 1').catch(() => undefined);
    connection.heartbeat = setInterval(beat, heartbeatMs).unref();
    return connection;
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    if (!this.lost.aborted) await this.client.end();
  }

  /** @returns false when another connection has the lock */
  async tryLock(lock: string): Promise<boolean> {
    const [row] = await this.query<{ locked: boolean }>(TRY_LOCK, [lock]);
    return row?.locked ?? false;
  }

  /** @throws LockLostError when the lock was lost before */
  async unlock(lock: string): Promise<void> {
    this.lost.throwIfAborted();
    await this.query(UNLOCK, [lock]);
  }

  /** After a failure it is unknown which locks are held, so the connection is given up. */
  private async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    try {
      const { rows } = await this.oneQuery(() => this.client.query<Row>(text, values));
      return rows;
    } catch (error) {
      this.lose(error);
      throw this.lost.reason;
    }
  }

  private lose(cause: unknown): void {
    if (this.lost.aborted) return;
    clearInterval(this.heartbeat);
    this.abort.abort(new LockLostError(cause));
    void this.client.end().catch(() => undefined);
  }
}
