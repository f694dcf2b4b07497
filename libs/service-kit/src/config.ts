import { resolve } from 'node:path';
import { z } from 'zod';

/** A mistake in the environment; the message has one sentence per mistake and is meant for the operator. */
export class ConfigError extends Error {}

/**
 * Reads a service's settings from its environment, once, at start. Empty variables count as unset, so that a
 * line left blank in `.env` means the default.
 * @throws ConfigError with one sentence per mistake; values are not repeated, they may be secrets.
 */
export function readConfig<S extends z.ZodObject>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): z.infer<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const sentences = result.error.issues.map((issue) => {
    const name = issue.path.join('.');
    return given[name] === undefined ? `${name} is not set.` : `${name}: ${issue.message}.`;
  });
  throw new ConfigError(sentences.join('\n'));
}

/** A secret that two services share; long enough not to be guessed. */
export const secretSetting = z.string().min(32, 'must have 32 characters or more');
export const httpUrlSetting = z.url({
  protocol: /^https?$/,
  error: 'must be an http:// or https:// address',
});

/** Settings that every service has. */
export const serviceSettings = {
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// address' }),
  /** Whoever sends it reads `GET /metrics`; unset: there is no such thing. */
  METRICS_TOKEN: secretSetting.optional(),
  /** An OpenTelemetry collector that takes OTLP over HTTP; unset: nothing is traced. */
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrlSetting.optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
};

/** Addresses of a service's replicas with commas between; their paths do not count. */
export const httpUrlsSetting = z
  .string()
  .transform((list) => list.split(',').map((url) => url.trim()))
  .pipe(z.array(httpUrlSetting))
  .transform((urls) => urls.map((url) => new URL(url)));

/** A file or folder. Services that share a folder must name it alike, so it is absolute and has one spelling. */
export const pathSetting = z
  .string()
  .startsWith('/', 'must be an absolute path')
  .transform((path) => resolve(path));
