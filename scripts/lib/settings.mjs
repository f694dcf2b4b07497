import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';

const port = (/** @type {number} */ fallback) => z.coerce.number().int().min(1).max(65_535).default(fallback);
const days = (/** @type {number} */ fallback) => z.coerce.number().int().min(0).max(36_500).default(fallback);
const url = (/** @type {RegExp} */ protocol, /** @type {string} */ example) =>
  z.url({ protocol, error: `must be an address like ${example}` });

const hosts = z
  .string()
  .regex(
    /^\s*[\w.:[\]-]+(\s*,\s*[\w.:[\]-]+)*\s*$/,
    'must be hosts separated by commas, such as git.example.org:8080',
  )
  .optional();

/** Everything that `npm start` can be told; the same names as in `.env.example`. */
export const Settings = z.object({
  GATEWAY_PORT: port(9100),
  BACKEND_PORT: port(9101),
  RUNNER_PORT: port(9102),
  POSTGRES_PORT: port(9103),
  REDIS_PORT: port(9104),
  PUBLIC_URL: url(/^https?$/, 'https://codex.example.org').optional(),
  DATA_DIR: z.string().default('.data'),
  WORKSPACES_ROOT: z.string().optional(),
  DATABASE_URL: url(/^postgres(ql)?$/, 'postgres://user:password@host:5432/name').optional(),
  REDIS_URL: url(/^rediss?$/, 'redis://host:6379').optional(),
  CODEX_API_KEY: z.string().optional(),
  CODEX_BASE_URL: url(/^https?$/, 'http://127.0.0.1:11434/v1').optional(),
  CODEX_MODEL: z.string().max(100).optional(),
  DEMO_PACE: z.coerce.number().min(0).max(10).optional(),
  MAX_CONCURRENT_RUNS: z.coerce.number().int().min(1).max(64).default(4),
  MAX_RUNS_PER_TENANT: z.coerce.number().int().min(1).max(100_000).default(16),
  RUN_LOG_TTL_MINUTES: z.coerce.number().min(0).max(100_000).default(60),
  RETENTION_IDLE_DAYS: days(30),
  RETENTION_WORKSPACE_DAYS: days(7),
  RETENTION_MIRROR_DAYS: days(30),
  DISK_QUOTA_GB_PER_TENANT: z.coerce.number().positive().max(1_000_000).optional(),
  SHUTDOWN_GRACE_SECONDS: z.coerce.number().min(0).max(3600).default(5),
  RUN_TIMEOUT_MINUTES: z.coerce.number().min(0.01).max(10_000).default(60),
  SETUP_TIMEOUT_MINUTES: z.coerce.number().min(0.01).max(10_000).default(20),
  ISOLATION: z.enum(['auto', 'bubblewrap', 'codex-sandbox', 'none']).default('auto'),
  JAIL_MAX_PROCESSES: z.coerce.number().int().min(32).max(1_000_000).default(1_024),
  JAIL_MAX_FILE_MB: z.coerce.number().int().min(64).max(1_000_000).default(4_096),
  JAIL_MAX_MEMORY_MB: z.coerce.number().int().min(512).max(10_000_000).default(4_096),
  JAIL_MAX_CPU_MINUTES: z.coerce.number().min(0.01).max(10_000).default(60),
  JAIL_MAX_DISK_MB: z.coerce.number().int().min(64).max(100_000_000).default(10_240),
  JAIL_MAX_FILES: z.coerce.number().int().min(1_000).max(1_000_000_000).default(1_000_000),
  MAX_RUN_LOG_MB: z.coerce.number().int().min(1).max(10_000).default(64),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(1).optional(),
  SIGN_IN_LIMIT_PER_MINUTE: z.coerce.number().int().min(1).optional(),
  TRUST_PROXY: z.string().optional(),
  GIT_TRUSTED_HOSTS: hosts,
  EGRESS_TRUSTED_HOSTS: hosts,
  OTEL_EXPORTER_OTLP_ENDPOINT: url(/^https?$/, 'http://127.0.0.1:4318').optional(),
  METRICS_TOKEN: z.string().min(32, 'must have 32 characters or more').optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/** @typedef {z.infer<typeof Settings>} Settings */

/**
 * The settings from the environment, then `.env`, then the defaults; folders become absolute.
 * @param {string} root the project's folder
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Settings & { DATA_DIR: string, WORKSPACES_ROOT: string, PUBLIC_URL: string }}
 * @throws one Error with a sentence for every mistake
 */
export function readSettings(root, environment = process.env) {
  const file = resolve(root, '.env');
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  const given = Object.fromEntries(
    Object.entries({ ...fromFile, ...environment }).filter(
      ([, value]) => value !== undefined && value.trim() !== '',
    ),
  );
  const result = Settings.safeParse(given);
  const mistakes = result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}.`);
  if (!result.success) throw new Error(mistakes.join('\n'));
  const settings = result.data;
  const ports = [
    settings.GATEWAY_PORT,
    settings.BACKEND_PORT,
    settings.RUNNER_PORT,
    settings.POSTGRES_PORT,
    settings.REDIS_PORT,
  ];
  if (new Set(ports).size < ports.length)
    throw new Error('GATEWAY_PORT, BACKEND_PORT, RUNNER_PORT, POSTGRES_PORT and REDIS_PORT must differ.');
  const dataDir = resolve(root, settings.DATA_DIR);
  return {
    ...settings,
    DATA_DIR: dataDir,
    WORKSPACES_ROOT: resolve(root, settings.WORKSPACES_ROOT ?? resolve(dataDir, 'workspaces')),
    PUBLIC_URL: settings.PUBLIC_URL ?? `http://localhost:${settings.GATEWAY_PORT}`,
  };
}
