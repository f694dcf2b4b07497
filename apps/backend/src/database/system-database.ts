import { Injectable } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { BECOME_SYSTEM, BECOME_TENANT } from './row-security.js';
import type { TenantTransaction } from './tenant-database.js';

/**
 * The one way to run a statement without a tenant: for what the system itself asks across tenants (who is calling,
 * which work is due, how much of it there is), and never for what a request asks about its own tenant, which goes
 * through `TenantDatabase`. The rule `system-database-importers` in .dependency-cruiser.cjs lists who may import it, and
 * `GRANTS.system` what its role may do.
 */
@Injectable()
export class SystemDatabase {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * One statement, in a transaction of its own.
   * @throws what Postgres answers, or what the driver says when Postgres is away
   */
  async query<T>(statement: string, parameters: unknown[] = []): Promise<T[]> {
    const connection = await this.pool.connect();
    // A connection that breaks fails the statements. It also says so itself, which would end the process if nobody listened.
    connection.on('error', ignore);
    const [, , answer, end] = await Promise.allSettled([
      connection.query('START TRANSACTION'),
      connection.query(BECOME_SYSTEM),
      connection.query(statement, parameters),
      // After a failure, Postgres takes it for a rollback.
      connection.query('COMMIT'),
    ]);
    connection.off('error', ignore);
    connection.release(end.status === 'rejected');
    if (answer.status === 'rejected') throw answer.reason;
    if (end.status === 'rejected') throw end.reason;
    return answer.value.rows as T[];
  }

  /**
   * One statement within the transaction of a tenant, which has its own role again afterwards.
   * @throws what Postgres answers; then the transaction cannot commit any more
   */
  async queryIn<T>(tx: TenantTransaction, statement: string, parameters: unknown[] = []): Promise<T[]> {
    const connection = (await tx.manager.queryRunner?.connect()) as PoolClient;
    // Sent together, so that no other statement of the transaction comes between and has the system's role.
    const [, answer, back] = await Promise.allSettled([
      connection.query(BECOME_SYSTEM),
      connection.query(statement, parameters),
      connection.query(BECOME_TENANT, [tx.scope.tenantId]),
    ]);
    if (answer.status === 'rejected') throw answer.reason;
    if (back.status === 'rejected') throw back.reason;
    return answer.value.rows as T[];
  }

  /** @throws what the driver says when Postgres is away */
  async ping(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }

  /** The backend's connections, for the identity library, which reads and writes its own tables. */
  get pool(): Pool {
    return (this.dataSource.driver as PostgresDriver).master as Pool;
  }
}

const ignore = () => undefined;
