import { parseSettings } from '@saas-codex/contracts/setting-types';
import type { z } from 'zod';

/** The settings are not valid. The message is for the operator: plain sentences without the values. */
export class ConfigError extends Error {}

/**
 * Reads a service's settings from its environment, once, at startup.
 * @throws ConfigError with one sentence per setting that is not valid
 */
export function readConfig<S extends z.ZodObject>(
  schema: S,
  environment: NodeJS.ProcessEnv = process.env,
): z.infer<S> {
  const result = parseSettings(schema, environment);
  if ('mistakes' in result) throw new ConfigError(result.mistakes.join('\n'));
  return result.settings;
}
