import { randomUUID } from 'node:crypto';
import { MERGED_PULL_REQUEST } from '@saas-codex/testing/backend/merged-pull-request';
import { PENDING_APPROVAL } from '@saas-codex/testing/backend/pending-approval';
import { PUSHED_COMMIT } from '@saas-codex/testing/backend/pushed-commit';
import { createDatabase, type TestDatabase } from '@saas-codex/testing/postgres';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { COLUMN_GRANTS, GRANTS } from '../src/database/database-roles.js';
import { Locks } from '../src/database/locks.js';
import { migrate, MIGRATIONS } from '../src/database/migrations.js';
import { waitFor } from '@saas-codex/testing/wait-for';
import { SystemDatabase } from '../src/database/system-database.js';
import { CONNECTION, TenantDatabase } from '../src/database/tenant-database.js';

/*
 * The roles of the database and its row-level security, below every predicate: the statements here have none.
 */

/** Tables that hang on no tenant. What is not here and not protected makes the first test fail. */
const WITHOUT_TENANT = [
  'api_keys',
  'evidence_keys',
  'migrations',
  'passkeys',
  'recovery_codes',
  'second_factors',
  'user_accounts',
  'user_sessions',
  'users',
  'verifications',
];
const OF_TENANTS = Object.keys(GRANTS.tenant);

const OURS = { tenantId: 'ours' };
const THEIRS = { tenantId: 'theirs' };
const ids = {
  ours: { session: randomUUID(), run: randomUUID() },
  theirs: { session: randomUUID(), run: randomUUID() },
};

let database: TestDatabase;
let dataSource: DataSource;
let tenants: TenantDatabase;
let system: SystemDatabase;

const connect = (url: string, poolSize = 4) =>
  new DataSource({ type: 'postgres', url, poolSize, extra: CONNECTION }).initialize();

async function migrateAll(url: string): Promise<void> {
  const locks = new Locks(url);
  try {
    await migrate(locks, { type: 'postgres', url, migrations: MIGRATIONS });
  } finally {
    await locks.close();
  }
}

/** A row of the tenant in each table, written as the owner of the tables does. */
async function fill(db: DataSource, { tenantId }: typeof OURS, { session, run }: typeof ids.ours) {
  const user = `user of ${tenantId}`;
  await db.query(
    `INSERT INTO users (id, name, email, email_verified) VALUES ($1, $1, $1 || '@example.com', true)`,
    [user],
  );
  await db.query(`INSERT INTO tenants (id, name, slug, created_at) VALUES ($1, $1, $1, now())`, [tenantId]);
  await db.query(
    `INSERT INTO members (id, tenant_id, user_id, role, created_at) VALUES ($1, $1, $2, 'owner', now())`,
    [tenantId, user],
  );
  await db.query(
    `INSERT INTO invitations (id, tenant_id, email, role, status, expires_at, inviter_id)
     VALUES ($1, $1, 'x', 'member', 'pending', now(), $2)`,
    [tenantId, user],
  );
  await db.query(
    `INSERT INTO service_accounts (id, tenant_id, name, role, created_by) VALUES ($1, $1, 'x', 'member', $2)`,
    [tenantId, user],
  );
  await db.query(
    `INSERT INTO sessions (id, tenant_id, created_by, title, title_given, status, created_at, updated_at)
     VALUES ($1, $2, $3, 'Title', true, 'ready', now(), now())`,
    [session, tenantId, user],
  );
  await db.query(
    `INSERT INTO session_reads (tenant_id, user_id, session_id, read_at) VALUES ($1, $2, $3, now())`,
    [tenantId, user, session],
  );
  await db.query(
    `INSERT INTO review_progress (tenant_id, user_id, session_id, viewed) VALUES ($1, $2, $3, '[]')`,
    [tenantId, user, session],
  );
  await db.query(
    `INSERT INTO runs (id, tenant_id, session_id, ordinal, created_by, status, input, created_at)
     VALUES ($1, $2, $3, 1, $4, 'succeeded', '{"kind":"prompt"}', now())`,
    [run, tenantId, session, user],
  );
  await db.query(
    `INSERT INTO run_events (tenant_id, run_id, seq, type, event) VALUES ($1, $2, 1, 'run.started', '{}')`,
    [tenantId, run],
  );
  await db.query(
    `INSERT INTO idempotency_keys (tenant_id, user_id, key, fingerprint, claim_id) VALUES ($1, $2, 'key', 'x', $3)`,
    [tenantId, user, randomUUID()],
  );
  await db.query(
    `INSERT INTO audit_entries (id, tenant_id, at, action, outcome, count, actor_kind)
     VALUES ($1, $2, now() - interval '31 days', 'session.created', 'done', 1, 'person')`,
    [run, tenantId],
  );
  await db.query(
    `INSERT INTO model_calls (id, tenant_id, person, session_id, run_id, model, state, reserved_tokens, reserved_micro_usd, created_at)
     VALUES ($1, $2, $3, $4, $5, 'm', 'reserved', 1, 1, now())`,
    [randomUUID(), tenantId, user, session, run],
  );
  await db.query(
    `INSERT INTO spend_totals (tenant_id, scope, subject, period) VALUES ($1, 'tenant', $1, '2026-11')`,
    [tenantId],
  );
  await db.query(`INSERT INTO spend_rules (tenant_id, updated_by, updated_at) VALUES ($1, $2, now())`, [
    tenantId,
    user,
  ]);
  const secret = randomUUID();
  await db.query(
    `INSERT INTO secrets (id, tenant_id, kind, name, key_id, wrapped_key, ciphertext, created_by, created_at, updated_at)
     VALUES ($1, $2, 'environment', 'NAME', 'x', '', '', $3, now(), now())`,
    [secret, tenantId, user],
  );
  await db.query(
    `INSERT INTO git_credentials (id, tenant_id, kind, host, path, username, created_by, created_at)
     VALUES (gen_random_uuid(), $1, 'token', 'x', '', 'x', $2, now())`,
    [tenantId, user],
  );
  await db.query(
    `INSERT INTO connected_forges (id, tenant_id, kind, url, host, created_by, created_at)
     VALUES (gen_random_uuid(), $1, 'github', 'x', 'x', $2, now())`,
    [tenantId, user],
  );
  await db.query(
    `INSERT INTO repository_rules (id, tenant_id, host, path, allow_default_branch, created_by, created_at, updated_at)
     VALUES (gen_random_uuid(), $1, 'x', '', false, $2, now(), now())`,
    [tenantId, user],
  );
  await db.query(
    `INSERT INTO forge_webhooks (id, tenant_id, forge_id, created_by, created_at)
     SELECT gen_random_uuid(), tenant_id, id, created_by, now() FROM connected_forges WHERE tenant_id = $1`,
    [tenantId],
  );
  await db.query(`INSERT INTO audit_webhooks (tenant_id, url, secret_id) VALUES ($1, 'x', $2)`, [
    tenantId,
    secret,
  ]);
  await db.query(`INSERT INTO audit_webhook_entries (tenant_id, entry_id) VALUES ($1, $2)`, [tenantId, run]);
  await db.query(`INSERT INTO mirror_usage (tenant_id, bytes, measured_at) VALUES ($1, 1, now())`, [
    tenantId,
  ]);
  await db.query(
    `INSERT INTO share_links (id, tenant_id, session_id, token_hash, created_by, created_at)
     VALUES (gen_random_uuid(), $1, $2, $1, $3, now())`,
    [tenantId, session, user],
  );
  await db.query(PENDING_APPROVAL, [tenantId, session, run]);
  await db.query(
    `INSERT INTO run_steers (id, tenant_id, session_id, run_id, ordinal, prompt, status, created_by, author, created_at)
     VALUES (gen_random_uuid(), $1, $2, $3, 1, 'x', 'pending', $4, '{}', now())`,
    [tenantId, session, run, user],
  );
  await db.query(PUSHED_COMMIT, [tenantId, session, user]);
  await db.query(MERGED_PULL_REQUEST, [tenantId, session, user]);
  await db.query(
    `INSERT INTO comments (id, tenant_id, session_id, text, side, tree, path, first_line, code, before, after, created_by, author, created_at)
     VALUES (gen_random_uuid(), $1, $2, 'x', 'new', 'x', 'x', 1, '[]', '[]', '[]', $3, '{}', now())`,
    [tenantId, session, user],
  );
  await db.query(
    `INSERT INTO session_images (id, tenant_id, session_id, media_type, bytes, width, height, created_by, created_at)
     VALUES (gen_random_uuid(), $1, $2, 'image/png', 1, 1, 1, $3, now())`,
    [tenantId, session, user],
  );
  await db.query(
    `INSERT INTO evidence (id, tenant_id, session_id, run_id, tree, result, checks, logs, envelope, created_at)
     VALUES (gen_random_uuid(), $1, $2, $3, 'x', 'passed', '[]', '[]', '{}', now())`,
    [tenantId, session, run],
  );
}

beforeAll(async () => {
  // The least that a user of DATABASE_URL may be. An administrator bypasses more.
  database = await createDatabase('creates roles');
  await migrateAll(database.url);
  dataSource = await connect(database.url);
  tenants = new TenantDatabase(dataSource);
  system = new SystemDatabase(dataSource);
  await fill(dataSource, OURS, ids.ours);
  await fill(dataSource, THEIRS, ids.theirs);
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

const asTenant = <T>(statement: string, parameters?: unknown[], scope = OURS) =>
  tenants.run(scope, (tx) => tx.manager.query<T[]>(statement, parameters));
/** The rows of another tenant, in every table. */
const theirRows = async () =>
  Promise.all(
    [...OF_TENANTS, 'members', 'invitations', 'scim_users'].map((table) =>
      dataSource.query<object[]>(`SELECT * FROM ${table} WHERE tenant_id = 'theirs'`),
    ),
  );
const names = (rows: { name: string }[]) => rows.map(({ name }) => name).toSorted();

describe('the schema', () => {
  const tablesWhere = (condition: string) =>
    dataSource.query<{ name: string }[]>(
      `SELECT relname AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND ${condition}`,
    );

  it('protects every table, but for those that are listed here because they hang on no tenant', async () => {
    const policies = ['tenant_rows', 'system_rows'].map(
      (policy) =>
        `EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = '${policy}' AND polcmd = '*')`,
    );
    const open = await tablesWhere(`NOT (relrowsecurity AND ${policies.join(' AND ')})`);
    expect(names(open)).toEqual(WITHOUT_TENANT);
    const hasTenant = `EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id')`;
    expect(names(await tablesWhere(hasTenant))).toEqual(
      [...OF_TENANTS, 'invitations', 'members', 'scim_users'].toSorted(),
    );
  });

  it('has no further policy, and nothing that would run with the rights of its owner', async () => {
    const further = await dataSource.query<unknown[]>(
      `SELECT polname FROM pg_policy WHERE polname NOT IN ('tenant_rows', 'system_rows')
       UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')
       UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND (prosecdef OR proname NOT IN ('keep_audit_entries', 'queue_audit_entry'))
       UNION ALL SELECT defaclacl::text FROM pg_default_acl`,
    );
    expect(further).toEqual([]);
  });

  it('grants the roles exactly what the code declares, and nothing to everybody', async () => {
    const rows = await dataSource.query<{ grantee: string; table: string; privileges: string[] }[]>(
      `SELECT CASE a.grantee WHEN 0 THEN 'everybody' ELSE replace(pg_get_userbyid(a.grantee), current_database() || '_', '') END AS grantee,
              c.relname AS "table", array_agg(a.privilege_type ORDER BY a.privilege_type) AS privileges
         FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner GROUP BY 1, 2`,
    );
    const granted: Record<string, Record<string, string[]>> = {};
    for (const { grantee, table, privileges } of rows) (granted[grantee] ??= {})[table] = privileges;
    const sorted = (grants: Readonly<Record<string, readonly string[]>>) =>
      Object.fromEntries(Object.entries(grants).map(([table, privileges]) => [table, privileges.toSorted()]));
    expect(granted).toEqual({ tenant: sorted(GRANTS.tenant), system: sorted(GRANTS.system) });

    const onColumns = await dataSource.query<{ grant: string }[]>(
      `SELECT concat_ws(' ', CASE x.grantee WHEN 0 THEN 'everybody' ELSE replace(pg_get_userbyid(x.grantee), current_database() || '_', '') END,
                        c.relname, x.privilege_type, a.attname) AS grant
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) x
        WHERE c.relnamespace = 'public'::regnamespace AND x.grantee <> c.relowner`,
    );
    const declared = Object.entries(COLUMN_GRANTS).flatMap(([kind, tables]) =>
      Object.entries(tables).flatMap(([table, privileges]) =>
        Object.entries(privileges).flatMap(([privilege, columns]) =>
          columns.map((column) => `${kind} ${table} ${privilege} ${column}`),
        ),
      ),
    );
    expect(onColumns.map(({ grant }) => grant).toSorted()).toEqual(declared.toSorted());
  });

  it('has roles that cannot log in, create, bypass, or take another role', async () => {
    const rows = await dataSource.query<unknown[]>(
      `SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
              EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) AS "isMember"
         FROM pg_roles r WHERE rolname IN (current_database() || '_tenant', current_database() || '_system')`,
    );
    const nothing = {
      rolcanlogin: false,
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      isMember: false,
    };
    expect(rows).toEqual([nothing, nothing]);
  });
});

describe('a tenant', () => {
  it.each(OF_TENANTS)('sees its own rows of %s only, whatever its statement says', async (table) => {
    expect(await asTenant(`SELECT DISTINCT tenant_id FROM ${table}`)).toEqual([{ tenant_id: 'ours' }]);
    expect(await asTenant(`SELECT FROM ${table} WHERE tenant_id = 'theirs'`)).toEqual([]);
    expect(
      await asTenant(`SELECT FROM ${table} WHERE tenant_id = 'theirs' FOR KEY SHARE`).catch(String),
    ).toEqual(
      ['run_events', 'audit_entries', 'evidence', 'session_commits'].includes(table)
        ? expect.stringContaining('permission denied')
        : [],
    );
  });

  it('changes and removes no row of another, and adds none for it', async () => {
    const before = await theirRows();
    const { session, run } = ids.theirs;
    await asTenant(`UPDATE sessions SET title = 'Changed'`);
    await asTenant(`UPDATE runs SET error = 'Changed' WHERE id = $1`, [run]);
    await asTenant(`UPDATE idempotency_keys SET claimed_at = 'epoch'`);
    await asTenant(`UPDATE share_links SET revoked_at = now()`);
    await asTenant(`DELETE FROM runs WHERE id = $1`, [run]);
    await asTenant(`DELETE FROM sessions WHERE tenant_id <> 'ours'`);
    const refused = 'violates row-level security';
    const refusedStatements = [
      `UPDATE sessions SET tenant_id = 'theirs'`,
      `INSERT INTO mirror_usage VALUES ('others', 1, now())`,
      `INSERT INTO mirror_usage VALUES ('theirs', 5, now()) ON CONFLICT (tenant_id) DO UPDATE SET bytes = 5`,
      `INSERT INTO run_events VALUES ('theirs', '${run}', 2, 'x', '{}')`,
      `INSERT INTO share_links (id, tenant_id, session_id, token_hash, created_by, created_at)
       VALUES (gen_random_uuid(), 'theirs', '${session}', 'x', 'y', now())`,
      `INSERT INTO idempotency_keys (tenant_id, user_id, key, fingerprint, claim_id)
       VALUES ('theirs', 'x', 'y', 'z', gen_random_uuid())`,
    ];
    for (const statement of refusedStatements) await expect(asTenant(statement)).rejects.toThrow(refused);
    const theirRun = `INSERT INTO run_events VALUES ('ours', '${run}', 2, 'x', '{}')`;
    await expect(asTenant(theirRun)).rejects.toThrow('foreign key');
    const theirSession = `UPDATE runs SET ordinal = 2, session_id = '${session}'`;
    await expect(asTenant(theirSession)).rejects.toThrow('foreign key');
    await expect(asTenant('TRUNCATE runs CASCADE')).rejects.toThrow('permission denied');
    expect(await theirRows()).toEqual(before);
    expect(await asTenant(`SELECT title FROM sessions`)).toEqual([{ title: 'Changed' }]);
  });

  it.each([...WITHOUT_TENANT, 'tenants', 'members', 'invitations'])('reads nothing of %s', async (table) => {
    await expect(asTenant(`SELECT FROM ${table}`)).rejects.toThrow(`permission denied for table ${table}`);
  });

  it('sees nothing of the statements of others', async () => {
    const texts = await asTenant<{ query: string }>(
      `SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query NOT LIKE '<%'`,
    );
    expect(texts).toEqual([]);
  });
});

describe('the audit log', () => {
  const changes = [
    `UPDATE audit_entries SET action = 'other'`,
    'DELETE FROM audit_entries',
    'TRUNCATE audit_entries',
    'DROP TRIGGER keep_rows ON audit_entries',
    'ALTER TABLE audit_entries DISABLE TRIGGER ALL',
    `CREATE OR REPLACE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'`,
  ];
  const rows = () => dataSource.query<object[]>('SELECT * FROM audit_entries ORDER BY id');

  it.each(changes)('lets no role change or remove an entry: %s', async (statement) => {
    const before = await rows();
    const allow = `SELECT set_config('saas_codex.audit_retention', 'on', true)`;
    const refused = /permission denied|must be owner/;
    await expect(
      tenants.run(OURS, async (tx) => {
        await tx.manager.query(allow);
        await tx.manager.query(statement);
      }),
    ).rejects.toThrow(refused);
    await expect(system.query(statement)).rejects.toThrow(refused);
    expect(await rows()).toEqual(before);
  });

  it('refuses it to the owner of the table, too, but for old entries and for retention', async () => {
    const before = await rows();
    const refused = 'Entries of the audit log cannot be changed or removed.';
    for (const statement of changes.slice(0, 3)) {
      await expect(dataSource.query(statement)).rejects.toThrow(refused);
    }
    const recent = randomUUID();
    await dataSource.query(
      `INSERT INTO audit_entries (id, tenant_id, at, action, outcome, count, actor_kind)
       VALUES ($1, 'ours', now() - interval '29 days', 'session.created', 'done', 1, 'person')`,
      [recent],
    );
    const asRetention = (statement: string) =>
      dataSource.transaction(async (manager) => {
        await manager.query(`SELECT set_config('saas_codex.audit_retention', 'on', true)`);
        await manager.query(statement);
      });
    await expect(asRetention(`DELETE FROM audit_entries WHERE id = '${recent}'`)).rejects.toThrow(refused);
    await expect(asRetention(changes[0] ?? '')).rejects.toThrow(refused);
    await expect(asRetention('TRUNCATE audit_entries')).rejects.toThrow(refused);
    expect(await rows()).toHaveLength(before.length + 1);
    await asRetention(
      `DELETE FROM audit_entries WHERE at < now() - interval '30 days' AND tenant_id = 'theirs'`,
    );
    expect(await rows()).toHaveLength(before.length);
  });
});

describe('without a tenant', () => {
  /** Runs the statement under the role of tenants. */
  const query = async (client: pg.Client, statement: string) => {
    await client.query('BEGIN');
    try {
      await client.query(`SELECT set_config('role', current_database() || '_tenant', true)`);
      return (await client.query<object>(statement)).rows;
    } finally {
      await client.query('ROLLBACK');
    }
  };

  it.each(['', `SET LOCAL saas_codex.tenant_id = 'ours'`])(
    'no row is seen and none is written (%p before)',
    async (before) => {
      const client = new pg.Client(database.url);
      await client.connect();
      try {
        await client.query(`BEGIN; ${before}; COMMIT`);
        for (const table of OF_TENANTS) expect(await query(client, `SELECT FROM ${table}`)).toEqual([]);
        expect(await query(client, `UPDATE sessions SET title = 'x' RETURNING id`)).toEqual([]);
        expect(await query(client, 'DELETE FROM runs RETURNING id')).toEqual([]);
        for (const tenant of ['ours', '', 'others']) {
          const insert = `INSERT INTO mirror_usage VALUES ('${tenant}', 1, now())`;
          await expect(query(client, insert)).rejects.toThrow('violates row-level security');
        }
      } finally {
        await client.end();
      }
    },
  );

  it('an empty tenant is none', async () => {
    expect(await asTenant('SELECT FROM sessions', [], { tenantId: '' })).toEqual([]);
  });
});

describe('the system', () => {
  it('reads across tenants, and changes nothing of theirs but expired keys', async () => {
    expect(await system.query('SELECT tenant_id FROM runs ORDER BY 1')).toEqual([
      { tenant_id: 'ours' },
      { tenant_id: 'theirs' },
    ]);
    expect(
      await system.query('SELECT current_user::text = current_database() || $1 AS it', ['_system']),
    ).toEqual([{ it: true }]);
    const denied = [
      'UPDATE sessions SET title = $1',
      'DELETE FROM runs WHERE error = $1',
      'SELECT FROM run_events WHERE type = $1',
      'SELECT FROM user_accounts WHERE id = $1',
      'SELECT FROM verifications WHERE id = $1',
      'CREATE TABLE mine AS SELECT $1',
    ];
    for (const statement of denied)
      await expect(system.query(statement, ['x'])).rejects.toThrow('permission denied');
    expect(await system.query(`DELETE FROM idempotency_keys WHERE key = 'none' RETURNING key`)).toEqual([]);
  });

  it('gets an error, and nothing worse, when its connection breaks in a statement', async () => {
    const waiting = system.query('SELECT pg_sleep(60)').catch((error: Error) => error.message);
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND datname = current_database()`;
    await waitFor(async () => (await dataSource.query<unknown[]>(end)).length > 0, { what: 'the statement' });
    expect(await waiting).toMatch(/terminat/);
    expect(await system.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('commits what it writes, and nothing when the statement fails', async () => {
    const rename = `UPDATE tenants SET name = 'Renamed' WHERE id = $1 RETURNING name`;
    expect(await system.query(rename, ['ours'])).toEqual([{ name: 'Renamed' }]);
    await expect(system.query(`UPDATE tenants SET slug = $1`, ['same'])).rejects.toMatchObject({
      code: '23505',
    });
    const rows = await dataSource.query('SELECT name, slug FROM tenants ORDER BY id');
    expect(rows).toEqual([
      { name: 'Renamed', slug: 'ours' },
      { name: 'theirs', slug: 'theirs' },
    ]);
  });
});

it('a connection has neither role nor tenant after its transaction, whether that failed or not', async () => {
  const one = await connect(database.url, 1);
  try {
    const [db, across] = [new TenantDatabase(one), new SystemDatabase(one)];
    const expected = await one.query('SELECT current_user AS name, NULL AS tenant');
    const now = () =>
      one.query(
        `SELECT current_user AS name, nullif(current_setting('saas_codex.tenant_id', true), '') AS tenant`,
      );
    const attempts = [
      () => db.run(OURS, (tx) => tx.manager.query('SELECT 1')),
      () => db.run(OURS, (tx) => tx.manager.query('SELECT 1/0')),
      () => db.run(OURS, async () => Promise.reject(new Error('no'))),
      () => across.query('SELECT 1'),
      () => across.query('SELECT 1/0'),
      () => across.query('no SQL'),
    ];
    for (const attempt of attempts) {
      await attempt().catch(() => undefined);
      expect(await now()).toEqual(expected);
    }
  } finally {
    await one.destroy();
  }
});

it('a page of a long list is read from its index, as without row-level security', async () => {
  await dataSource.query(
    `INSERT INTO sessions (id, tenant_id, created_by, title, title_given, status, created_at, updated_at)
     SELECT gen_random_uuid(), 'tenant ' || n % 10, 'x', 'x', true, 'ready', now(), now() FROM generate_series(1, 20000) n`,
  );
  await dataSource.query('ANALYZE sessions');
  const explain = `
    EXPLAIN SELECT * FROM sessions WHERE tenant_id = $1 AND deleted_at IS NULL AND strpos(title, 'x') > 0
     ORDER BY updated_at DESC, id DESC LIMIT 50`;
  const stepsOf = (rows: { 'QUERY PLAN': string }[]) =>
    rows.flatMap((row) => /(Limit|Sort|Scan using \w+|Bitmap)/.exec(row['QUERY PLAN'])?.[1] ?? []);
  const scope = { tenantId: 'tenant 1' };
  const asOwner = stepsOf(await dataSource.query(explain, [scope.tenantId]));
  expect(asOwner).toEqual(['Limit', 'Scan using sessions_by_activity']);
  expect(stepsOf(await asTenant(explain, [scope.tenantId], scope))).toEqual(asOwner);
  await dataSource.query(`DELETE FROM sessions WHERE tenant_id LIKE 'tenant %'`);
});

it('nothing of a transaction is done when it cannot take its role', async () => {
  const other = await createDatabase();
  const without = await connect(other.url);
  try {
    await without.query('CREATE TABLE things (id integer)');
    const insert = 'INSERT INTO things VALUES (1)';
    const role = /role ".*_(tenant|system)" does not exist/;
    await expect(new TenantDatabase(without).run(OURS, (tx) => tx.manager.query(insert))).rejects.toThrow(
      role,
    );
    await expect(new SystemDatabase(without).query(insert)).rejects.toThrow();
    expect(await without.query('SELECT FROM things')).toEqual([]);
  } finally {
    await without.destroy();
    await other.drop();
  }
});

describe('the user of DATABASE_URL', () => {
  it('who may not create roles is told what an administrator has to run, before anything has changed', async () => {
    const plain = await createDatabase('plain');
    const db = await connect(plain.url);
    try {
      const refusal = await migrateAll(plain.url).then(String, (error: Error) => error.message);
      expect(refusal).toContain('DATABASE_URL: its user may not create roles. As an administrator');
      const statements = /run: (.*)$/.exec(refusal)?.[1] ?? '';
      expect(statements.split('; ').map((statement) => statement.split(' "')[0])).toEqual([
        'CREATE ROLE',
        'GRANT',
        'CREATE ROLE',
        'GRANT',
      ]);
      expect(await db.query(`SELECT FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
      await plain.asAdministrator(statements);
      await migrateAll(plain.url);
      await fill(db, OURS, ids.ours);
      await fill(db, THEIRS, ids.theirs);
      // The owner sees everything, as a backend of the version before does, which takes no role.
      expect(await db.query('SELECT FROM sessions')).toHaveLength(2);
      const ours = await new TenantDatabase(db).run(OURS, (tx) =>
        tx.manager.query('SELECT id FROM sessions'),
      );
      expect(ours).toEqual([{ id: ids.ours.session }]);
    } finally {
      await db.destroy();
      await plain.drop();
    }
  });

  it('does not start a backend whose tenants could see each other', async () => {
    const { tenant } = await dataSource
      .query<{ tenant: string }[]>(`SELECT current_database() || '_tenant' AS tenant`)
      .then(([row]) => row!);
    await dataSource.query('ALTER TABLE runs DISABLE ROW LEVEL SECURITY');
    await expect(migrateAll(database.url)).rejects.toThrow('does not bind the role of tenants in runs.');
    await dataSource.query('ALTER TABLE runs ENABLE ROW LEVEL SECURITY');
    await database.asAdministrator(`ALTER ROLE ${tenant} BYPASSRLS`);
    await expect(migrateAll(database.url)).rejects.toThrow('row-level security does not bind');
    await database.asAdministrator(`ALTER ROLE ${tenant} NOBYPASSRLS`);
    await dataSource.query(`CREATE TABLE later (tenant_id text)`);
    await dataSource.query(`GRANT SELECT (tenant_id) ON later TO ${tenant}`);
    await expect(migrateAll(database.url)).rejects.toThrow('does not bind the role of tenants in later.');
    await dataSource.query('DROP TABLE later');
    await expect(migrateAll(database.url)).resolves.toBeUndefined();
  });
});
