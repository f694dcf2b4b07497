import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDatabase as create } from '../../../scripts/lib/postgres.mjs';

/** Creates an empty database for one suite on the server that the global setup started. */
export async function createDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server) throw new Error('the global setup has started no PostgreSQL');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  return {
    url: await create(server, name),
    async drop() {
      const client = new pg.Client({ connectionString: server });
      await client.connect();
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await client.end();
    },
  };
}
