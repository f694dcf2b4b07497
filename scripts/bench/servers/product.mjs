import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../lib/ports.mjs';
import { createDatabase, startPostgres } from '../../lib/postgres.mjs';
import { startRedis } from '../../lib/redis.mjs';
import { newSecret } from '../../lib/secrets.mjs';
import { serviceDefinitions } from '../../lib/services.mjs';
import { places } from '../../lib/replicas.mjs';
import { readSettings } from '../../lib/settings.mjs';
import { startServer } from './child.mjs';

/** @typedef {Awaited<ReturnType<typeof startProduct>>} Product */

/**
 * The whole product as `npm start` runs it, with its own stores and without limits of requests and streams, which the readers
 * would hit because they all have one address and one organisation.
 * @param {string} root the project's folder
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} [environment] settings
 * @param {{ web?: boolean }} [options] `web`: also serves the web app
 */
export async function startProduct(root, folder, environment = {}, { web = false } = {}) {
  const names = ['GATEWAY_PORT', 'BACKEND_PORT', 'RUNNER_PORT', 'POSTGRES_PORT', 'REDIS_PORT'];
  const ports = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, String(await freePort())])),
  );
  const settings = readSettings(root, {
    ...ports,
    DATA_DIR: folder,
    RATE_LIMIT_PER_MINUTE: '1000000000',
    MAX_STREAMS_PER_TENANT: '1000000',
    ...environment,
  });
  mkdirSync(settings.WORKSPACES_ROOT, { recursive: true, mode: 0o700 });
  const secrets = {
    postgresPassword: newSecret(),
    redisPassword: newSecret(),
    serviceToken: newSecret(),
    authSecret: newSecret(),
  };
  /** @type {{ stop(): Promise<unknown> }[]} */
  const started = [];
  /** @template {{ stop(): Promise<unknown> }} T @param {T} part @returns {T} */
  const keep = (part) => {
    started.unshift(part);
    return part;
  };
  const stop = async () => {
    for (const part of started) await part.stop();
  };
  try {
    const postgres = keep(
      await startPostgres({
        folder: join(folder, 'postgres'),
        port: settings.POSTGRES_PORT,
        password: secrets.postgresPassword,
      }),
    );
    const redis = keep(
      await startRedis({
        folder: join(folder, 'redis'),
        port: settings.REDIS_PORT,
        password: secrets.redisPassword,
      }),
    );
    const databaseUrl = await createDatabase(postgres.url, 'saas_codex');
    const definitions = serviceDefinitions({
      root,
      settings,
      secrets,
      databaseUrl,
      redisUrl: redis.url,
      publicUrl: settings.PUBLIC_URL,
      places: places(settings, { runners: 1, backends: 1 }),
    });
    /** @param {import('../../lib/supervisor.mjs').ServiceDefinition} definition */
    const service = async ({ name, command, env, healthUrl = '' }) =>
      keep(await startServer(name, { command, env, url: healthUrl, folder }));
    const [runner, backend] = [
      await service(only(definitions.runners)),
      await service(only(definitions.backends)),
    ];
    const onlyApi = { env: { ...definitions.gateway.env, WEB_ROOT: '' } };
    const gateway = await service({ ...definitions.gateway, ...(!web && onlyApi) });
    const token = readFileSync(join(folder, 'owner-token'), 'utf8').trim();
    return {
      gateway: { port: settings.GATEWAY_PORT, pid: gateway.pid },
      backend: { port: settings.BACKEND_PORT, pid: backend.pid },
      workspaces: settings.WORKSPACES_ROOT,
      databaseUrl,
      redisUrl: redis.url,
      /** Process ids of its services and stores. */
      pids: [postgres.process.pid ?? 0, redis.process.pid ?? 0, runner.pid, backend.pid, gateway.pid],
      nodePids: [runner.pid, backend.pid, gateway.pid],
      headers: [`Authorization: Bearer ${token}`],
      ...client(settings.GATEWAY_PORT, token),
      /** As the owner of a new organisation. @param {string} name */
      newTenant: async (name) => {
        const { tenant_id: id = '' } = await client(settings.GATEWAY_PORT, token).api('tenants', { name });
        return client(settings.GATEWAY_PORT, await addKey(databaseUrl, id));
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @template T @param {T[]} list @returns {T} */
const only = ([one]) => /** @type {T} */ (one);

/** Another key of the owner, for another organisation: people make keys in a browser. @param {string} databaseUrl @param {string} tenantId */
async function addKey(databaseUrl, tenantId) {
  const key = `cdx_${newSecret()}`;
  const change = {
    id: randomUUID(),
    key: createHash('sha256').update(key).digest('base64url'),
    metadata: JSON.stringify({ tenantId }),
  };
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const { rows } = await db.query(
      `SELECT string_agg(quote_ident(attname), ', ') AS columns FROM pg_attribute
        WHERE attrelid = 'api_keys'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    );
    const { columns } = rows[0];
    await db.query(
      `INSERT INTO api_keys (${columns})
       SELECT ${columns} FROM (SELECT (jsonb_populate_record(k, $1::jsonb)).* FROM api_keys AS k LIMIT 1) AS copy`,
      [JSON.stringify(change)],
    );
  } finally {
    await db.end();
  }
  return key;
}

/** @typedef {ReturnType<typeof client>} Client */

/**
 * The API through the gateway, as the owner.
 * @param {number} port @param {string} token
 */
function client(port, token) {
  const authorization = `Bearer ${token}`;
  const posted = (/** @type {object} */ body) => ({
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify(body),
  });
  /** @param {string} path @param {object} [body] posted @param {AbortSignal} [signal] */
  const open = async (path, body, signal) => {
    const init = { ...(body ? posted(body) : { headers: { authorization } }), ...(signal && { signal }) };
    const answer = await fetch(`http://127.0.0.1:${port}/api/${path}`, init);
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  /** @param {string} path @param {object} [body] posted */
  const api = async (path, body) =>
    /** @type {Record<string, string>} */ (await (await open(path, body)).json());
  return { open, api };
}
