import { join } from 'node:path';
import { STOP_GRACE_MS } from './supervisor.mjs';

/** @typedef {import('./supervisor.mjs').ServiceDefinition} ServiceDefinition */

/**
 * What each service is started with, as many of it as there are places. A service's environment holds what it needs and nothing else: the model key
 * goes to the runner alone, the database's address to the backend alone.
 * @param {object} given
 * @param {string} given.root the project's folder
 * @param {ReturnType<typeof import('./settings.mjs').readSettings>} given.settings
 * @param {ReturnType<typeof import('./secrets.mjs').readSecrets>} given.secrets
 * @param {string} given.databaseUrl
 * @param {string} given.redisUrl
 * @param {string} given.publicUrl
 * @param {ReturnType<typeof import('./replicas.mjs').places>} given.places
 * @returns {{ runners: ServiceDefinition[], backends: ServiceDefinition[], gateway: ServiceDefinition }}
 */
export function serviceDefinitions({ root, settings, secrets, databaseUrl, redisUrl, publicUrl, places }) {
  const common = pick(process.env, ['PATH', 'LANG', 'TZ', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']);
  const shared = {
    ...common,
    NODE_ENV: 'production',
    REDIS_URL: redisUrl,
    ...pick(settings, ['LOG_LEVEL', 'METRICS_TOKEN', 'OTEL_EXPORTER_OTLP_ENDPOINT']),
  };
  const service = (
    /** @type {'runner' | 'backend' | 'gateway'} */ app,
    /** @type {import('./replicas.mjs').Place} */ { name, port },
    /** @type {NodeJS.ProcessEnv} */ env,
  ) => ({
    name,
    command: [process.execPath, '--enable-source-maps', join(root, 'apps', app, 'dist/main.js')],
    env: { ...shared, HOST: '127.0.0.1', PORT: `${port}`, ...env },
    cwd: root,
    healthUrl: `http://127.0.0.1:${port}/health`,
  });
  return {
    runners: places.runners.map((place) => ({
      ...service('runner', place, {
        WORKSPACES_ROOT: settings.WORKSPACES_ROOT,
        SERVICE_TOKEN: secrets.serviceToken,
        ...pick(settings, ['CODEX_API_KEY', 'CODEX_BASE_URL', 'CODEX_MODEL', 'DEMO_PACE']),
        ...pick(settings, [
          'MAX_CONCURRENT_RUNS',
          'RUN_TIMEOUT_MINUTES',
          'SETUP_TIMEOUT_MINUTES',
          'SHUTDOWN_GRACE_SECONDS',
          'ISOLATION',
          'EGRESS_TRUSTED_HOSTS',
        ]),
        ...pick(settings, [
          'JAIL_MAX_PROCESSES',
          'JAIL_MAX_FILE_MB',
          'JAIL_MAX_MEMORY_MB',
          'JAIL_MAX_CPU_MINUTES',
          'JAIL_MAX_DISK_MB',
          'JAIL_MAX_FILES',
          'MAX_RUN_LOG_MB',
        ]),
      }),
      // Its runs may use up their grace, and then it still has to close their logs.
      stopGraceMs: settings.SHUTDOWN_GRACE_SECONDS * 1_000 + STOP_GRACE_MS,
    })),
    backends: places.backends.map((place) =>
      service('backend', place, {
        DATABASE_URL: databaseUrl,
        RUNNER_URL: addresses(places.runners),
        WORKSPACES_ROOT: settings.WORKSPACES_ROOT,
        SERVICE_TOKEN: secrets.serviceToken,
        AUTH_SECRET: secrets.authSecret,
        PUBLIC_URL: publicUrl,
        OWNER_TOKEN_FILE: join(settings.DATA_DIR, 'owner-token'),
        ...pick(settings, ['GIT_TRUSTED_HOSTS', 'MAX_RUNS_PER_TENANT', 'RUN_LOG_TTL_MINUTES']),
        ...pick(settings, [
          'RETENTION_IDLE_DAYS',
          'RETENTION_WORKSPACE_DAYS',
          'RETENTION_MIRROR_DAYS',
          'DISK_QUOTA_GB_PER_TENANT',
        ]),
      }),
    ),
    gateway: service('gateway', places.gateway, {
      BACKEND_URL: addresses(places.backends),
      PUBLIC_URL: publicUrl,
      WEB_ROOT: join(root, 'apps/web/dist'),
      ...pick(settings, ['RATE_LIMIT_PER_MINUTE', 'SIGN_IN_LIMIT_PER_MINUTE', 'TRUST_PROXY']),
    }),
  };
}

/** @param {import('./replicas.mjs').Place[]} places */
const addresses = (places) => places.map(({ port }) => `http://127.0.0.1:${port}`).join(',');

/**
 * @param {Record<string, unknown>} from
 * @param {string[]} names
 * @returns {Record<string, string>} those that are set
 */
const pick = (from, names) =>
  Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, String(from[name])]),
  );
