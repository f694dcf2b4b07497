import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { startPostgres } from '../../../scripts/lib/postgres.mjs';
import { run } from '../../../scripts/lib/run.mjs';

declare global {
  /** Ends the PostgreSQL of this Jest run; the global teardown calls it. */
  var stopTestPostgres: (() => Promise<void>) | undefined;
}

/** One real PostgreSQL for the whole Jest run; every suite creates its own databases on it. */
export default async function setup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'saas-codex-postgres-'));
  const password = randomBytes(16).toString('hex');
  const template = join(folder, 'template');
  const first = await startPostgres({ folder: template, port: await freePort(), password });
  await first.stop();
  Object.assign(process.env, { TEST_POSTGRES_TEMPLATE: template, TEST_POSTGRES_PASSWORD: password });
  await run('cp', ['-a', template, join(folder, 'data')]);
  const server = await startPostgres({
    folder: join(folder, 'data'),
    port: await freePort(),
    password,
    // Nothing of it is kept, and its databases are small.
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      autovacuum: 'off',
      checkpoint_timeout: '1h',
      max_connections: '300',
    },
  });
  process.env.TEST_POSTGRES_URL = server.url;
  globalThis.stopTestPostgres = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
