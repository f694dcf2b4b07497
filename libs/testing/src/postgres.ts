import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDatabase as create } from '../../../scripts/lib/postgres.mjs';

export interface TestDatabase {
  url: string;
  /** Runs statements in it as the administrator of the server. */
  asAdministrator(statements: string): Promise<void>;
  drop(): Promise<void>;
}

/**
 * Creates an empty database for one suite on the server that the global setup started.
 * @param owner who `url` names: the administrator of the server, or a user who just owns this database, with a right
 *   to create roles or without
 */
export async function createDatabase(
  owner: 'administrator' | 'creates roles' | 'plain' = 'administrator',
): Promise<TestDatabase> {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server) throw new Error('the global setup has started no PostgreSQL');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const user = `${name}_owner`;
  const administrator = await create(server, name);
  const url = new URL(administrator);
  if (owner !== 'administrator') {
    const right = owner === 'plain' ? 'NOCREATEROLE' : 'CREATEROLE';
    await execute(server, `CREATE ROLE ${user} LOGIN ${right} PASSWORD 'of-a-spec'`);
    await execute(server, `ALTER DATABASE ${name} OWNER TO ${user}`);
    Object.assign(url, { username: user, password: 'of-a-spec' });
  }
  return {
    url: url.href,
    asAdministrator: (statements) => execute(administrator, statements),
    async drop() {
      await execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await execute(server, `DROP ROLE IF EXISTS ${name}_tenant, ${name}_system, ${user}`);
    },
  };
}

async function execute(url: string, statements: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}
