import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { fail, ok, reasonOf, warn } from './report.mjs';

/** @typedef {import('./store-addresses.mjs').Store} Store */

const CONNECT_MS = 5_000;
const POSTGRES_AT_LEAST = 14;
const REDIS_AT_LEAST = 6.2;
/** From this share of Redis's memory on, there is a warning. */
const FULL = 0.8;
/** If clocks differ by more than this, the ages of events and locks are wrong. */
const SKEW_WARN_MS = 2_000;

const NOT_RUNNING = 'is not running. Start it: npm start';

/** @param {string} root the project's folder @param {Store} store */
export async function checkPostgres(root, { url, own }) {
  if (url === null) return warn('PostgreSQL', NOT_RUNNING);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  try {
    await client.connect();
  } catch (error) {
    const reason = reasonOf(error);
    if (own && reason === 'ECONNREFUSED') return warn('PostgreSQL', NOT_RUNNING);
    return fail(
      'PostgreSQL',
      `cannot be reached (${reason}). ${own ? 'Stop the other program on POSTGRES_PORT.' : 'Check DATABASE_URL.'}`,
    );
  }
  try {
    const { rows } = await client.query(
      `SELECT current_setting('server_version') AS version, extract(epoch FROM clock_timestamp())::float8 AS now,
              to_regclass('migrations') IS NOT NULL AS migrated`,
    );
    const { version, now, migrated } = rows[0];
    const findings = [
      Number.parseInt(version, 10) < POSTGRES_AT_LEAST
        ? fail('PostgreSQL', `${version} is too old. Use ${POSTGRES_AT_LEAST} or newer.`)
        : ok('PostgreSQL', `${version}.`),
      clock('PostgreSQL', now * 1_000),
    ];
    return [...findings, await checkRoles(client), await checkMigrations(root, client, migrated)];
  } finally {
    await client.end();
  }
}

/** The roles that `apps/backend/src/database/database-roles.ts` creates where the user may do so, and how another user would. */
const ROLES = `
  SELECT u.rolsuper OR u.rolcreaterole AS "mayCreate",
         (SELECT string_agg(
                   CASE WHEN r.oid IS NULL THEN format('CREATE ROLE %I NOLOGIN; ', name) ELSE '' END ||
                   format('GRANT %I TO %I;', name, current_user), ' ' ORDER BY name)
            FROM unnest(ARRAY[current_database() || '_system', current_database() || '_tenant']) AS wanted (name)
                 LEFT JOIN pg_roles r ON r.rolname = name
           WHERE NOT coalesce(pg_has_role(r.oid, CASE WHEN version >= 160000 THEN 'SET' ELSE 'MEMBER' END), false)) AS missing
    FROM pg_roles u, CAST(current_setting('server_version_num') AS integer) AS version WHERE u.rolname = current_user`;

/** @param {pg.Client} client */
async function checkRoles(client) {
  const { rows } = await client.query(ROLES);
  const { mayCreate, missing } = rows[0];
  if (missing === null) return ok('PostgreSQL roles', 'are there.');
  return mayCreate
    ? ok('PostgreSQL roles', 'will be created when the backend starts.')
    : fail(
        'PostgreSQL roles',
        `DATABASE_URL's user may not create roles. As an administrator of the server, run: ${missing}`,
      );
}

/** @param {string} root @param {pg.Client} client @param {boolean} migrated */
async function checkMigrations(root, client, migrated) {
  if (!migrated)
    return warn('migrations', 'the database is empty. The backend creates the tables when it starts.');
  const { rows } = await client.query('SELECT name FROM migrations');
  const done = new Set(rows.map(({ name }) => name));
  const source = readFileSync(join(root, 'apps/backend/src/database/migrations.ts'), 'utf8');
  const known = [...source.matchAll(/^ {2}(\w+\d{13}),$/gm)].map(([, name]) => String(name));
  const missing = known.filter((name) => !done.has(name));
  const newer = [...done].filter((name) => !known.includes(name));
  if (newer.length > 0)
    return fail('migrations', `the database is newer than this code (${newer.join(', ')}). Update the code.`);
  return missing.length > 0
    ? warn('migrations', `${missing.join(', ')} will be applied when the backend starts.`)
    : ok('migrations', `all ${known.length} are applied.`);
}

/** @param {Store} store */
export async function checkRedis({ url, own }) {
  if (url === null) return warn('Redis', NOT_RUNNING);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason = 'unknown';
  redis.on('error', (error) => (reason = reasonOf(error)));
  try {
    await redis.connect();
    const info = await redis.info();
    const [seconds = 0, micros = 0] = (await redis.time()).map(Number);
    // Nobody is subscribed to this channel. The name of a run's channel needs the same permission.
    const mayPublish = await redis.publish('codex:run:doctor:events', '').then(
      () => true,
      () => false,
    );
    return [...readInfo(info), messages(mayPublish), clock('Redis', seconds * 1_000 + micros / 1_000)];
  } catch {
    if (own && reason === 'ECONNREFUSED') return warn('Redis', NOT_RUNNING);
    return fail(
      'Redis',
      `cannot be reached (${reason}). ${own ? 'Stop the other program on REDIS_PORT.' : 'Check REDIS_URL and its password.'}`,
    );
  } finally {
    redis.disconnect();
  }
}

/** @param {string} info @returns {import('./report.mjs').Finding[]} */
function readInfo(info) {
  const value = (/** @type {string} */ name) =>
    new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? '';
  const version = value('redis_version');
  const policy = value('maxmemory_policy');
  return [
    Number.parseFloat(version) < REDIS_AT_LEAST
      ? fail('Redis', `${version} is too old. Use ${REDIS_AT_LEAST} or newer.`)
      : ok('Redis', `${version}.`),
    value('aof_enabled') === '1'
      ? ok('Redis on disk', 'appendonly is on.')
      : warn('Redis on disk', 'appendonly is off, so a crash loses the queue. Set "appendonly yes".'),
    policy === 'noeviction'
      ? memory(Number(value('used_memory')), Number(value('maxmemory')))
      : fail('Redis memory', `maxmemory-policy is ${policy}, which deletes runs. Set it to noeviction.`),
  ];
}

/** @param {number} used bytes @param {number} most bytes; 0: no limit */
function memory(used, most) {
  const megabytes = (/** @type {number} */ bytes) => `${Math.ceil(bytes / 1024 / 1024)} MB`;
  if (most === 0) return ok('Redis memory', `${megabytes(used)}, without a limit; nothing is evicted.`);
  const taken = `${megabytes(used)} of ${megabytes(most)}`;
  return used > most * FULL
    ? warn(
        'Redis memory',
        `${taken}. When it is full, writes are refused. Raise maxmemory (REDIS_MAX_MEMORY_MB).`,
      )
    : ok('Redis memory', `${taken}; nothing is evicted.`);
}

/** @param {boolean} mayPublish */
const messages = (mayPublish) =>
  mayPublish
    ? ok('Redis messages', 'may be published.')
    : warn(
        'Redis messages',
        'its user may not publish, so events arrive late. Allow it the channels "&codex:*".',
      );

/** @param {string} store @param {number} itsMs */
function clock(store, itsMs) {
  const skewMs = Math.abs(itsMs - Date.now());
  return skewMs > SKEW_WARN_MS
    ? warn(
        'clock',
        `it differs from ${store}'s by ${(skewMs / 1_000).toFixed(1)} s. Synchronise both with NTP.`,
      )
    : ok('clock', `the same as ${store}'s.`);
}
