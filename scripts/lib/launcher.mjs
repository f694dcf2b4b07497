/**
 * Starts the whole system and keeps it up:
 *
 *   settings ─► build ─► PostgreSQL + Redis (our own unless their URLs are set) ─► runners, backends, gateway ─► `ready`
 *
 * When it ends, it stops everything that it started, in reverse order.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { developmentServices, DEV_WEB_PORT } from './development.mjs';
import { requireFreePorts } from './ports.mjs';
import { places } from './replicas.mjs';
import { createDatabase, startPostgres } from './postgres.mjs';
import { defaultMaxMemoryMb, startRedis } from './redis.mjs';
import { wantBubblewrap } from './bubblewrap.mjs';
import { capture } from './run.mjs';
import { readSecrets } from './secrets.mjs';
import { serviceDefinitions } from './services.mjs';
import { readSettings } from './settings.mjs';
import { claim, Service } from './supervisor.mjs';

/** @param {{ root: string, development: boolean } & import('./replicas.mjs').Replicas} options */
export async function launch({ root, development, ...replicas }) {
  const settings = readSettings(root);
  const where = places(settings, replicas);
  claim(settings.DATA_DIR);
  const { POSTGRES_PORT, REDIS_PORT } = settings;
  await requireFreePorts([where.gateway, ...where.backends, ...where.runners]);
  await build(root);
  mkdirSync(settings.WORKSPACES_ROOT, { recursive: true, mode: 0o700 });

  const secrets = readSecrets(settings.DATA_DIR);
  /** @type {(() => Promise<void>)[]} */
  const stops = [];
  const stop = onceAsync(async () => {
    for (const step of stops.toReversed()) await step();
  });
  stopOnSignals(stop);

  try {
    let databaseUrl = settings.DATABASE_URL;
    if (!databaseUrl) {
      const folder = join(settings.DATA_DIR, 'postgres');
      const postgres = await startPostgres({
        folder,
        port: POSTGRES_PORT,
        password: secrets.postgresPassword,
      });
      stops.push(postgres.stop);
      stopWhenItDies(postgres.process, 'PostgreSQL', stop);
      databaseUrl = await createDatabase(postgres.url, 'saas_codex');
    }
    let redisUrl = settings.REDIS_URL;
    if (!redisUrl) {
      const folder = join(settings.DATA_DIR, 'redis');
      const redis = await startRedis({
        folder,
        port: REDIS_PORT,
        password: secrets.redisPassword,
        maxMemoryMb: settings.REDIS_MAX_MEMORY_MB ?? defaultMaxMemoryMb(),
      });
      stops.push(redis.stop);
      stopWhenItDies(redis.process, 'Redis', stop);
      redisUrl = redis.url;
    }

    if (settings.ISOLATION === 'auto' || settings.ISOLATION === 'bubblewrap') await wantBubblewrap();
    const publicUrl = development ? `http://localhost:${DEV_WEB_PORT}` : settings.PUBLIC_URL;
    const given = { root, settings, secrets, databaseUrl, redisUrl, publicUrl, places: where };
    const { runners, backends, gateway } = serviceDefinitions(given);
    const definitions = [...runners, ...backends, gateway];
    const started = development ? developmentServices(root, definitions, settings) : definitions;
    const services = started.map((definition) => new Service(definition, join(settings.DATA_DIR, 'logs')));
    stops.push(async () => void (await Promise.all(services.map((service) => service.stop()))));
    for (const service of services) service.start();
    await Promise.all(services.map((service) => service.healthy()));

    const signIn = join(root, 'apps/backend/dist/sign-in-link.js');
    const link = (await capture(process.execPath, [signIn], { env: backends[0]?.env })).trim();
    announce(settings, link);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {import('./settings.mjs').Settings} settings @param {string} link */
function announce(settings, link) {
  if (!settings.CODEX_API_KEY && !settings.CODEX_BASE_URL) {
    console.log(
      '\nA scripted demo model answers: it is not an AI. Set CODEX_API_KEY (or CODEX_BASE_URL) in .env for a real one.',
    );
  }
  console.log(
    `The owner's API token is in ${join(settings.DATA_DIR, 'owner-token')}, logs are in ${join(settings.DATA_DIR, 'logs')}.`,
  );
  console.log(`ready ${link} (signs in once, within 30 minutes)`);
}

/** @param {() => Promise<void>} stop */
function stopOnSignals(stop) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      console.log('Stopping …');
      void stop().finally(() => process.exit(0));
    });
  }
}

/**
 * The stores are not restarted under running services: if one ends, everything ends.
 * @param {import('node:child_process').ChildProcess} child @param {string} name @param {ReturnType<typeof onceAsync>} stop
 */
function stopWhenItDies(child, name, stop) {
  child.once('exit', () => {
    if (stop.started) return;
    console.error(`${name} ended unexpectedly; stopping.`);
    void stop().finally(() => process.exit(1));
  });
}

/**
 * @param {() => Promise<void>} work
 * @returns {(() => Promise<void>) & { started: boolean }} the first call runs it; later calls wait for that run
 */
function onceAsync(work) {
  /** @type {Promise<void> | undefined} */
  let running;
  const once = () => {
    once.started = true;
    return (running ??= work());
  };
  once.started = false;
  return once;
}
