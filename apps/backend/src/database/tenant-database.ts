import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type EntityTarget } from 'typeorm';
import { TenantRepository } from './tenant-repository.js';
import type { TenantRow, TenantScope } from './tenant-row.js';

/**
 * The one way to rows that belong to a tenant. Work states its scope first and gets repositories that can name
 * no other tenant's rows:
 *
 *     db.run(ctx, async (tx) => {
 *       const session = await tx.of(SessionEntity).findOne({ where: { id } });
 *       await tx.of(RunEntity).insert({ sessionId: session.id, … });
 *     });
 *
 * `run` is one transaction. Whatever others may see of it (activity, events) is published after it has returned.
 */
@Injectable()
export class TenantDatabase {
  constructor(private readonly dataSource: DataSource) {}

  /** Runs `work` in one transaction on the rows of `scope`'s tenant. */
  run<T>(scope: TenantScope, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    return this.dataSource.transaction((manager) => work(new TenantTransaction(manager, scope)));
  }
}

export class TenantTransaction {
  constructor(
    /** For statements that TypeORM has no words for; they state the tenant themselves. */
    readonly manager: EntityManager,
    readonly scope: TenantScope,
  ) {}

  of<E extends TenantRow>(entity: EntityTarget<E>): TenantRepository<E> {
    return new TenantRepository(this.manager, entity, this.scope);
  }
}
