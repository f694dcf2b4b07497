import { join } from 'node:path';
import { STOP_GRACE_MS } from './supervisor.mjs';

/**
 * What each service is started with. A service's environment holds what it needs and nothing else: the model key
 * goes to the runner alone, the database's address to the backend alone.
 * @param {object} given
 * @param {string} given.root the project's folder
 * @param {ReturnType<typeof import('./settings.mjs').readSettings>} given.settings
 * @param {ReturnType<typeof import('./secrets.mjs').readSecrets>} given.secrets
 * @param {string} given.databaseUrl
 * @param {string} given.redisUrl
 * @param {string} given.publicUrl
 * @returns {Record<'runner' | 'backend' | 'gateway', import('./supervisor.mjs').ServiceDefinition>}
 */
export function serviceDefinitions({ root, settings, secrets, databaseUrl, redisUrl, publicUrl }) {
  const common = pick(process.env, ['PATH', 'LANG', 'TZ', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']);
  const shared = { ...common, NODE_ENV: 'production', REDIS_URL: redisUrl, LOG_LEVEL: settings.LOG_LEVEL };
  const service = (
    /** @type {string} */ name,
    /** @type {number} */ port,
    /** @type {NodeJS.ProcessEnv} */ env,
  ) => ({
    name,
    command: [process.execPath, '--enable-source-maps', join(root, 'apps', name, 'dist/main.js')],
    env: { ...shared, HOST: '127.0.0.1', PORT: `${port}`, ...env },
    cwd: root,
    healthUrl: `http://127.0.0.1:${port}/health`,
  });
  return {
    runner: {
      ...service('runner', settings.RUNNER_PORT, {
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
        ]),
      }),
      // Its runs may use up their grace, and then it still has to close their logs.
      stopGraceMs: settings.SHUTDOWN_GRACE_SECONDS * 1_000 + STOP_GRACE_MS,
    },
    backend: service('backend', settings.BACKEND_PORT, {
      DATABASE_URL: databaseUrl,
      RUNNER_URL: `http://127.0.0.1:${settings.RUNNER_PORT}`,
      WORKSPACES_ROOT: settings.WORKSPACES_ROOT,
      SERVICE_TOKEN: secrets.serviceToken,
      AUTH_SECRET: secrets.authSecret,
      PUBLIC_URL: publicUrl,
      OWNER_TOKEN_FILE: join(settings.DATA_DIR, 'owner-token'),
      ...pick(settings, ['GIT_TRUSTED_HOSTS', 'MAX_RUNS_PER_TENANT', 'RUN_LOG_TTL_MINUTES']),
    }),
    gateway: service('gateway', settings.GATEWAY_PORT, {
      BACKEND_URL: `http://127.0.0.1:${settings.BACKEND_PORT}`,
      PUBLIC_URL: publicUrl,
      WEB_ROOT: join(root, 'apps/web/dist'),
      ...pick(settings, ['RATE_LIMIT_PER_MINUTE', 'SIGN_IN_LIMIT_PER_MINUTE', 'TRUST_PROXY']),
    }),
  };
}

/**
 * @param {Record<string, unknown>} from
 * @param {string[]} names
 * @returns {Record<string, string>} those that are set
 */
const pick = (from, names) =>
  Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, String(from[name])]),
  );
