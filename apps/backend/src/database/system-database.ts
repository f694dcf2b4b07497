import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/**
 * The one way to run a statement without a tenant: for what the system itself asks across tenants (who is calling,
 * which work is due, how much of it there is), and never for what a request asks about its own tenant, which goes
 * through `TenantDatabase`. The rule `system-database-importers` in .dependency-cruiser.cjs lists who may import it.
 */
@Injectable()
export class SystemDatabase {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws what Postgres answers, or what the driver says when Postgres is away */
  query<T>(statement: string, parameters: unknown[] = []): Promise<T[]> {
    return this.dataSource.query<T[]>(statement, parameters);
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
