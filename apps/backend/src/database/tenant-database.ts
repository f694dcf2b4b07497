import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Logger } from '@nestjs/common';
import { FairPlaces } from '@saas-codex/service-kit/fair-places';
import type { PoolClient } from 'pg';
import { DataSource, type EntityManager, type EntityTarget } from 'typeorm';
import { BECOME_TENANT } from './row-security.js';
import { TenantRepository } from './tenant-repository.js';
import type { TenantRow, TenantScope } from './tenant-row.js';

type AfterCommit = () => void | Promise<void>;

/** Transactions at the same time. A tenant's may all wait for one locked row, so no tenant has most of them. */
const PLACES = { total: 14, perTenant: 6 };
/** The connections of the pool: some remain for transactions within transactions, and for the system's own statements. */
export const POOL_SIZE = PLACES.total + 6;
/**
 * How the pool's connections send statements: without waiting for the answer to the one before, so that the statement which
 * gives a transaction its role costs no round trip. Postgres answers in order, and after a failure refuses all until the end
 * of the transaction.
 */
export const CONNECTION = { pipeline: true };

/**
 * The only way to rows that belong to a tenant. The caller states its scope first and gets repositories that cannot reach
 * another tenant's rows:
 *
 *     db.run(ctx, async (tx) => {
 *       const session = await tx.of(SessionEntity).findOne({ where: { id } });
 *       await tx.of(RunEntity).insert({ sessionId: session.id, … });
 *       tx.afterCommit(() => activity.publish(…));
 *     });
 *
 * `run` is one transaction, under the role of tenants and with its tenant set: what a statement's own predicate forgets,
 * row-level security still keeps out (`row-security.ts`). Its visible effects (activity, kicks of background work) are published with
 * `tx.afterCommit`. Tenants share the connections fairly: beyond its share, a tenant's transactions wait for each other.
 */
@Injectable()
export class TenantDatabase {
  private readonly logger = new Logger(TenantDatabase.name);
  private readonly places = new FairPlaces(PLACES);
  /** The transaction that the caller is in. Those inside it share its place: waiting for another, they could wait for ever. */
  private readonly outer = new AsyncLocalStorage<{ open: boolean }>();

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `work` in one transaction on the rows of `scope`'s tenant. Within `work`, another `run` is a transaction of its own,
   * which commits, and calls its callbacks, independently of this one.
   */
  async run<T>(scope: TenantScope, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    const { answer, callbacks } = await this.inPlace(scope, () =>
      this.transaction(scope, async (manager) => {
        const tx = new TenantTransaction(manager, scope);
        try {
          return { answer: await work(tx), callbacks: tx.close() };
        } finally {
          tx.close();
        }
      }),
    );
    for (const callback of callbacks) void this.call(callback);
    return answer;
  }

  private inPlace<T>({ tenantId }: TenantScope, work: () => Promise<T>): Promise<T> {
    if (this.outer.getStore()?.open) return work();
    return this.places.run(tenantId, async () => {
      const transaction = { open: true };
      try {
        return await this.outer.run(transaction, work);
      } finally {
        transaction.open = false;
      }
    });
  }

  private transaction<T>(
    { tenantId }: TenantScope,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T> {
    return this.dataSource.transaction(async (manager) => {
      const connection = (await manager.queryRunner?.connect()) as PoolClient;
      // On the wire before any statement of `work`. If it fails, Postgres refuses those, too.
      const scoped = connection.query(BECOME_TENANT, [tenantId]);
      const [answer] = await Promise.allSettled([work(manager), scoped]);
      await scoped;
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    });
  }

  private async call(callback: AfterCommit): Promise<void> {
    try {
      await callback();
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      this.logger.error(`A callback failed after its transaction was committed: ${message}`, stack);
    }
  }
}

export class TenantTransaction {
  private callbacks: AfterCommit[] | null = [];

  constructor(
    private readonly entityManager: EntityManager,
    readonly scope: TenantScope,
  ) {}

  /**
   * For statements that TypeORM cannot express; they must state the tenant themselves.
   * @throws Error when the transaction's work is done, since its connection loses the role that keeps tenants apart
   */
  get manager(): EntityManager {
    if (!this.callbacks) throw new Error('A statement came after the work of its transaction was done');
    return this.entityManager;
  }

  of<E extends TenantRow>(entity: EntityTarget<E>): TenantRepository<E> {
    return new TenantRepository(this, entity);
  }

  /** Like `of`, also with the rows that are private to others. For what readers cause, not for what they get. */
  ofAllReaders<E extends TenantRow>(entity: EntityTarget<E>): TenantRepository<E> {
    const { tenantId } = this.scope;
    return new TenantRepository({ manager: this.manager, scope: { tenantId } }, entity);
  }

  /**
   * Registers a callback for after the commit. Callbacks are started in the order of their registration and not awaited. One
   * that fails is logged and affects neither the others nor the request. After a rollback none is called.
   * @throws Error when the transaction's work is done, for example in a callback, which needs no registration
   */
  afterCommit(callback: AfterCommit): void {
    if (!this.callbacks) throw new Error('afterCommit was called after the work of the transaction was done');
    this.callbacks.push(callback);
  }

  /** For TenantDatabase alone: the work is done. @returns the registered callbacks */
  close(): AfterCommit[] {
    const callbacks = this.callbacks ?? [];
    this.callbacks = null;
    return callbacks;
  }
}
