import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { startPostgres } from '../../../scripts/lib/postgres.mjs';

declare global {
  /** Ends the PostgreSQL of this Jest run; the global teardown calls it. */
  var stopTestPostgres: (() => Promise<void>) | undefined;
}

/** One real PostgreSQL for the whole Jest run; every suite creates its own databases on it. */
export default async function setup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'saas-codex-postgres-'));
  const server = await startPostgres({
    folder: join(folder, 'data'),
    port: await freePort(),
    password: randomBytes(16).toString('hex'),
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
  });
  process.env.TEST_POSTGRES_URL = server.url;
  globalThis.stopTestPostgres = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
