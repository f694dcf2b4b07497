import { parseSettings } from '@saas-codex/contracts/setting-types';
import type { z } from 'zod';

/** A mistake in the settings. The message is for the operator: plain sentences without values. */
export class ConfigError extends Error {}

/**
 * Reads a service's settings from its environment, once, at start.
 * @throws ConfigError with one sentence per setting that is wrong
 */
export function readConfig<S extends z.ZodObject>(
  schema: S,
  environment: NodeJS.ProcessEnv = process.env,
): z.infer<S> {
  const result = parseSettings(schema, environment);
  if ('mistakes' in result) throw new ConfigError(result.mistakes.join('\n'));
  return result.settings;
}
