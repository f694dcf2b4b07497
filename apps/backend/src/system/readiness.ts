import { ReadinessChecks } from '@saas-codex/service-kit/health/readiness';
import type { Redis } from 'ioredis';
import { MIGRATIONS } from '../database/migrations.js';
import { SystemDatabase } from '../database/system-database.js';
import { REDIS } from '../redis.module.js';

/** Runners are not checked: without them, sessions and logs can still be read, and prompts wait. */
export const readiness = {
  provide: ReadinessChecks,
  inject: [SystemDatabase, REDIS],
  useFactory: (system: SystemDatabase, redis: Redis) =>
    new ReadinessChecks([
      { name: 'postgres', check: () => system.ping(), otherwise: 'Postgres does not answer.' },
      {
        name: 'migrations',
        check: () => requireMigrations(system),
        otherwise: 'The schema is older than this backend. Restart the backend to bring it up to date.',
      },
      { name: 'redis', check: () => redis.ping(), otherwise: 'Redis does not answer.' },
    ]),
};

/** The backend runs all migrations when it starts, but a backup that was restored since may be older. */
async function requireMigrations(system: SystemDatabase): Promise<void> {
  const done = await system.query<{ name: string }>('SELECT name FROM migrations');
  const names = new Set(done.map(({ name }) => name));
  const missing = MIGRATIONS.filter((migration) => !names.has(migration.name));
  if (missing.length > 0) throw new Error(`${missing.length} migrations are missing`);
}
