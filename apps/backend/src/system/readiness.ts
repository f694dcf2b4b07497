import { ReadinessChecks } from '@saas-codex/service-kit/readiness/readiness';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { MIGRATIONS } from '../database/migrations.js';
import { REDIS } from '../redis.module.js';

/** Runners are not among it: without them sessions and logs can be read all the same, and prompts wait. */
export const readiness = {
  provide: ReadinessChecks,
  inject: [DataSource, REDIS],
  useFactory: (dataSource: DataSource, redis: Redis) =>
    new ReadinessChecks([
      { name: 'postgres', check: () => dataSource.query('SELECT 1'), otherwise: 'Postgres does not answer.' },
      {
        name: 'migrations',
        check: () => requireMigrations(dataSource),
        otherwise: 'The schema is older than this backend. Start it again: it brings the schema up to date.',
      },
      { name: 'redis', check: () => redis.ping(), otherwise: 'Redis does not answer.' },
    ]),
};

/** All are done when the backend starts; a restored backup may be older. */
async function requireMigrations(dataSource: DataSource): Promise<void> {
  const done = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations');
  const names = new Set(done.map(({ name }) => name));
  const missing = MIGRATIONS.filter((migration) => !names.has(migration.name));
  if (missing.length > 0) throw new Error(`${missing.length} migrations are missing`);
}
