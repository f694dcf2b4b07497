/** A setting has three places: it is documented, `npm start` and compose know it, and it reaches a service that reads it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConfig } from '@saas-codex/service-kit/config';
import { Config as BackendConfig } from '../apps/backend/src/config.js';
import { Config as GatewayConfig } from '../apps/gateway/src/config.js';
import { Config as RunnerConfig } from '../apps/runner/src/config.js';
import { places, readArguments } from '../scripts/lib/replicas.mjs';
import { serviceDefinitions } from '../scripts/lib/services.mjs';
import { readSettings, Settings } from '../scripts/lib/settings.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(resolve(ROOT, file), 'utf8');
const namesIn = (text: string, pattern: RegExp) =>
  new Set([...text.matchAll(pattern)].map(([, name]) => String(name)));

const CONFIGS = { backend: BackendConfig, gateway: GatewayConfig, runner: RunnerConfig };
/** `npm start` makes these itself; compose gets them from `.env`. */
const SECRETS = ['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'SERVICE_TOKEN', 'AUTH_SECRET'];
/** Compose brings its own servers and volumes. */
const NOT_FOR_COMPOSE = ['DATA_DIR', 'DATABASE_URL', 'REDIS_URL', 'WORKSPACES_ROOT'];
/** The largest values that `npm start` takes, and something for all that has no default. */
const GIVEN = {
  CODEX_API_KEY: 'sk-key',
  CODEX_BASE_URL: 'http://127.0.0.1:1/v1',
  CODEX_MODEL: 'm'.repeat(100),
  ISOLATION: 'none',
  RUN_TIMEOUT_MINUTES: '10000',
  SETUP_TIMEOUT_MINUTES: '10000',
  JAIL_MAX_PROCESSES: '1000000',
  JAIL_MAX_FILE_MB: '1000000',
  JAIL_MAX_MEMORY_MB: '10000000',
  JAIL_MAX_CPU_MINUTES: '10000',
  JAIL_MAX_DISK_MB: '100000000',
  JAIL_MAX_FILES: '1000000000',
  MAX_RUN_LOG_MB: '10000',
  DEMO_PACE: '10',
  RETENTION_IDLE_DAYS: '36500',
  RETENTION_WORKSPACE_DAYS: '36500',
  RETENTION_MIRROR_DAYS: '36500',
  DISK_QUOTA_GB_PER_TENANT: '1000000',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
  METRICS_TOKEN: 'm'.repeat(32),
  MAX_CONCURRENT_RUNS: '64',
  MAX_RUNS_PER_TENANT: '100000',
  RUN_LOG_TTL_MINUTES: '100000',
  SHUTDOWN_GRACE_SECONDS: '3600',
  EGRESS_TRUSTED_HOSTS: 'registry.internal, 10.0.0.1:4873',
  GIT_TRUSTED_HOSTS: 'git.example.org:8080, 10.0.0.1',
  RATE_LIMIT_PER_MINUTE: '1',
  SIGN_IN_LIMIT_PER_MINUTE: '1',
  TRUST_PROXY: '1',
};
/** What a service's environment holds besides its settings. */
const SURROUNDINGS = ['PATH', 'LANG', 'TZ', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];

const documented = namesIn(read('.env.example'), /^([A-Z_]+)=/gm);

test('every setting of `npm start` is documented, and nothing else is', () => {
  expect([...documented].toSorted()).toEqual([...Object.keys(Settings.shape), ...SECRETS].toSorted());
});

test('compose takes every setting from .env that is documented for it', () => {
  const used = namesIn(read('docker-compose.yml'), /\$\{([A-Z_]+)/g);
  const expected = [...documented].filter((name) => !NOT_FOR_COMPOSE.includes(name));
  expect([...used].toSorted()).toEqual(expected.toSorted());
});

test('what `npm start` takes reaches the services, which read all of it and take the same values', () => {
  const settings = readSettings('/nonexistent', GIVEN);
  const { runners, backends, gateway } = serviceDefinitions({
    root: ROOT,
    settings,
    secrets: {
      postgresPassword: 'p',
      redisPassword: 'r',
      serviceToken: 's'.repeat(32),
      authSecret: 'a'.repeat(32),
    },
    databaseUrl: 'postgres://127.0.0.1/x',
    redisUrl: 'redis://127.0.0.1',
    publicUrl: 'http://localhost:9100',
    places: places(settings, { runners: 3, backends: 2 }),
  });
  const definitions = { runner: runners[0], backend: backends[0], gateway };
  expect(backends[1]?.env['RUNNER_URL']).toBe(
    'http://127.0.0.1:9102,http://127.0.0.1:9112,http://127.0.0.1:9122',
  );
  expect(gateway.env['BACKEND_URL']).toBe('http://127.0.0.1:9101,http://127.0.0.1:9111');
  for (const [name, config] of Object.entries(CONFIGS)) {
    const env = definitions[name as keyof typeof CONFIGS]?.env ?? {};
    const settings = Object.keys(env).filter((key) => !SURROUNDINGS.includes(key));
    expect([name, settings.toSorted()]).toEqual([name, Object.keys(config.shape).toSorted()]);
    expect(() => readConfig(config, env)).not.toThrow();
  }
});

test('replicas have ports of their own, and a mistake in asking for them is named', () => {
  const settings = readSettings('/nonexistent', {});
  const many = places(settings, { runners: 20, backends: 20 });
  const all = [many.gateway, ...many.backends, ...many.runners];
  expect(new Set(all.map(({ port }) => port)).size).toBe(41);
  expect(all.map(({ name, port }) => `${name} ${port}`)).toEqual(
    expect.arrayContaining(['backend 9101', 'backend-2 9111', 'runner 9102', 'runner-3 9122']),
  );
  const close = readSettings('/nonexistent', { BACKEND_PORT: '9094' });
  expect(() => places(close, { runners: 1, backends: 2 })).toThrow(
    'backend-2 and REDIS_PORT would both have port 9104: set BACKEND_PORT to another one.',
  );
  expect(readArguments(['--runners', '3', '--dev'])).toEqual({ development: true, runners: 3, backends: 1 });
  expect(() => readArguments(['--backends', '0'])).toThrow('--backends: must be a number from 1 to 20.');
  expect(() => readArguments(['--runner', '2'])).toThrow("'--runner'");
});

test('what a service refuses, `npm start` refuses in a sentence', () => {
  const given = { MAX_CONCURRENT_RUNS: '65', SHUTDOWN_GRACE_SECONDS: '3601', CODEX_MODEL: 'm'.repeat(101) };
  const sentences = Object.keys(given)
    .toSorted()
    .map((name) => expect.stringMatching(`^${name}: `) as unknown);
  let said = '';
  try {
    readSettings('/nonexistent', given);
  } catch (error) {
    said = (error as Error).message;
  }
  expect(said.split('\n').toSorted()).toEqual(sentences);
});
