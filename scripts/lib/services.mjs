import { join } from 'node:path';
import { isReadBy } from '@saas-codex/contracts/setting-readers';
import { STOP_GRACE_MS } from './supervisor.mjs';

/** @typedef {import('./supervisor.mjs').ServiceDefinition} ServiceDefinition */

/** What a service needs of the machine besides its settings. */
const SURROUNDINGS = ['PATH', 'LANG', 'TZ', 'SSL_CERT_FILE'];

/**
 * How to start each service, once per place. A service gets the settings that it declares to read and no others: the
 * model key goes to the runner alone, the address of the database to the backend alone.
 * @param {object} given
 * @param {string} given.root the project's folder
 * @param {import('./settings.mjs').Settings} given.settings
 * @param {ReturnType<typeof import('./secrets.mjs').readSecrets>} given.secrets
 * @param {string} given.databaseUrl
 * @param {string} given.redisUrl
 * @param {string} given.publicUrl
 * @param {ReturnType<typeof import('./replicas.mjs').places>} given.places
 * @returns {{ runners: ServiceDefinition[], backends: ServiceDefinition[], gateway: ServiceDefinition }}
 */
export function serviceDefinitions({ root, settings, secrets, databaseUrl, redisUrl, publicUrl, places }) {
  const values = {
    ...settings,
    HOST: '127.0.0.1',
    PUBLIC_URL: publicUrl,
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    BACKEND_URL: addresses(places.backends),
    RUNNER_URL: addresses(places.runners),
    SERVICE_TOKEN: secrets.serviceToken,
    AUTH_SECRET: secrets.authSecret,
    SECRETS_KEY_FILE: join(settings.DATA_DIR, 'secrets-key'),
    OWNER_TOKEN_FILE: join(settings.DATA_DIR, 'owner-token'),
    WEB_ROOT: join(root, 'apps/web/dist'),
  };
  const surroundings = texts(process.env, (name) => SURROUNDINGS.includes(name));
  const service = (
    /** @type {import('@saas-codex/contracts/settings').Service} */ app,
    /** @type {import('./replicas.mjs').Place} */ { name, port },
  ) => ({
    name,
    command: [process.execPath, '--enable-source-maps', join(root, 'apps', app, 'dist/main.js')],
    env: {
      ...surroundings,
      NODE_ENV: 'production',
      ...texts({ ...values, PORT: port }, (setting) => isReadBy(app, setting)),
    },
    cwd: root,
    healthUrl: `http://127.0.0.1:${port}/health`,
  });
  // Runs may use up their grace period, and then the runner still has to close their logs.
  const stopGraceMs = settings.SHUTDOWN_GRACE_SECONDS * 1_000 + STOP_GRACE_MS;
  return {
    runners: places.runners.map((place) => ({ ...service('runner', place), stopGraceMs })),
    backends: places.backends.map((place) => service('backend', place)),
    gateway: service('gateway', places.gateway),
  };
}

/** @param {import('./replicas.mjs').Place[]} places */
const addresses = (places) => places.map(({ port }) => `http://127.0.0.1:${port}`).join(',');

/**
 * @param {Record<string, unknown>} values
 * @param {(name: string) => boolean} isWanted
 * @returns {Record<string, string>} the wanted values that are set, as texts
 */
const texts = (values, isWanted) =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([name, value]) => value !== undefined && isWanted(name))
      .map(([name, value]) => [name, String(value)]),
  );
