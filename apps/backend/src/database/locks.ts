import { setTimeout as delay } from 'node:timers/promises';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { LockConnection, type LockTiming } from './lock-connection.js';

declare const lockName: unique symbol;
/** Names a lock in the whole database. */
export type LockName = string & { readonly [lockName]: never };
const named = (...parts: string[]) => parts.join(':') as LockName;

/** Every lock that the backends share. */
export const LOCK = {
  migration: named('migration'),
  firstOwner: named('first-owner'),
  /** Making a master key of secrets, and rotating to another one. */
  secretsKey: named('secrets-key'),
  /** Making the key that signs evidence. */
  evidenceKey: named('evidence-key'),
  /** Adding secrets, of which a tenant has a limited number. */
  tenantSecrets: (tenantId: string) => named('tenant-secrets', tenantId),
  /** Adding rules for repositories, of which a tenant has a limited number. */
  repositoryRules: (tenantId: string) => named('repository-rules', tenantId),
  /** Creating a tenant of this person's. */
  tenantsOf: (userId: string) => named('tenants-of', userId),
  /** Freeing and measuring storage. @param tenantId null: of the installation as a whole */
  retention: (tenantId: string | null) => named('retention', tenantId ?? ''),
  /** Setting up or removing a session. */
  session: (sessionId: string) => named('session', sessionId),
  /** Bringing a session's pull request to where it should be, and reading it. */
  pullRequest: (sessionId: string) => named('pull-request', sessionId),
  /** Mending what fails of a session's pull request by itself. */
  keepGreen: (sessionId: string) => named('keep-green', sessionId),
  /** Pushing a session's commits. */
  push: (sessionId: string) => named('push', sessionId),
  /** Writing to a session's `history.git`. */
  history: (sessionId: string) => named('history', sessionId),
  /** Writing to a mirror. @param path relative to the mirrors' folder, which backends may mount at different places */
  mirror: (path: string) => named('mirror', path),
  /** Taking one of the tenant's places with the runners. */
  tenantRuns: (tenantId: string) => named('tenant-runs', tenantId),
  /** Delivering the tenant's audit log to its webhook. */
  auditWebhook: (tenantId: string) => named('audit-webhook', tenantId),
  /** Reserving and settling the cost of the tenant's model calls. */
  tenantSpend: (tenantId: string) => named('tenant-spend', tenantId),
} as const;

/** How often a waiting backend asks for a lock that another backend has. */
const POLL_MS = 100;

/**
 * Locks between backends that share a database.
 *
 *     withLock ─► in this process: first come, first served ─► between backends: pg_try_advisory_lock, polled
 *                                                                └─► work(signal) ─► pg_advisory_unlock
 *
 * All locks of a backend live on one connection of its own (`LockConnection`), so any number of them takes
 * nothing from the pool that the work needs. When the connection is lost, so are its locks: the signals of all work
 * under them abort, and `withLock` throws `LockLostError`, regardless of the result of the work.
 */
export class Locks implements OnApplicationShutdown {
  private connection: Promise<LockConnection> | null = null;
  /** By lock: those of this process that hold it or wait for it. The tail settles when all of them have left. */
  private readonly queues = new Map<LockName, { length: number; tail: Promise<void> }>();

  /** @param timing given by specs only */
  constructor(
    private readonly databaseUrl: string,
    private readonly timing?: LockTiming,
  ) {}

  /** Runs last, when nothing that could need a lock runs any more. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    const connection = await this.connection?.catch(() => null);
    await connection?.close();
  }

  /**
   * Waits for the lock and runs `work` under it.
   * @param work its signal aborts with `signal` and when the lock is lost
   * @throws LockLostError; the signal's reason when it aborts before the lock is there; what `work` throws
   */
  async withLock<T>(
    lock: LockName,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<T> {
    return this.inTurn(lock, signal, async () => {
      for (;;) {
        const answer = await this.tryOnConnection(lock, work, signal);
        if (answer) return answer.value;
        await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    });
  }

  /** As `withLock`, but returns null at once when the lock is taken. */
  async tryWithLock<T>(
    lock: LockName,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<T | null> {
    if (this.queues.has(lock)) return null;
    const answer = await this.inTurn(lock, signal, () => this.tryOnConnection(lock, work, signal));
    return answer && answer.value;
  }

  /** @returns null when another backend has the lock */
  private async tryOnConnection<T>(
    lock: LockName,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ value: T } | null> {
    signal.throwIfAborted();
    const connection = await this.connect();
    if (!(await connection.tryLock(lock))) return null;
    try {
      signal.throwIfAborted();
      return { value: await work(AbortSignal.any([signal, connection.lost])) };
    } finally {
      await connection.unlock(lock);
    }
  }

  private connect(): Promise<LockConnection> {
    const forget = () => {
      this.connection = null;
    };
    return (this.connection ??= LockConnection.open(this.databaseUrl, this.timing).then(
      (connection) => {
        connection.lost.addEventListener('abort', forget);
        return connection;
      },
      (error: unknown) => {
        forget();
        throw error;
      },
    ));
  }

  /** Postgres grants a lock any number of times to one connection, so the callers of this process queue here. */
  private async inTurn<T>(lock: LockName, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const queue = this.queues.get(lock) ?? { length: 0, tail: Promise.resolve() };
    this.queues.set(lock, queue);
    const before = queue.tail;
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    queue.tail = before.then(() => left);
    queue.length += 1;
    try {
      await unlessAborted(before, signal);
      return await work();
    } finally {
      leave();
      queue.length -= 1;
      if (queue.length === 0) this.queues.delete(lock);
    }
  }
}

/** Waits for the lock; it is held until the transaction ends. */
export async function lockInTransaction(manager: EntityManager, lock: LockName): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lock]);
}

async function unlessAborted(waiting: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
  });
  try {
    await Promise.race([waiting, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
