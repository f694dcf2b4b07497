import { resolve } from 'node:path';
import { httpUrlSetting, readConfig, secretSetting, serviceSettings } from '@saas-codex/platform/config';
import { z } from 'zod';

const SANDBOXES = ['workspace-write', 'danger-full-access'] as const;
export type Sandbox = (typeof SANDBOXES)[number];

const RunnerSettings = z.object({
  ...serviceSettings,
  PORT: serviceSettings.PORT.default(9102),
  WORKSPACES_ROOT: z
    .string()
    .min(1)
    .transform((path) => resolve(path)),
  SERVICE_TOKEN: secretSetting,
  /** The real model key. It stays in this process. */
  CODEX_API_KEY: z.string().min(1).optional(),
  /** Root of any Responses-compatible server. Without it and without a key the demo model answers. */
  CODEX_BASE_URL: httpUrlSetting.optional(),
  /** Unset: Codex's own default. */
  CODEX_MODEL: z.string().min(1).max(100).optional(),
  /** What agent commands may do. Full access is for machines where Codex's sandbox cannot run, and says so. */
  CODEX_SANDBOX: z.enum(SANDBOXES).default('workspace-write'),
  MAX_CONCURRENT_RUNS: z.coerce.number().int().min(1).max(64).default(4),
  /** How long runs may go on after SIGTERM before they are interrupted. */
  SHUTDOWN_GRACE_SECONDS: z.coerce.number().min(0).max(3600).default(5),
  /** Speed of the demo model: 1 is a person's reading pace, 0 does not wait at all. */
  DEMO_PACE: z.coerce.number().min(0).max(10).optional(),
});
export type RunnerConfig = z.infer<typeof RunnerSettings>;

/** @throws ConfigError */
export const readRunnerConfig = (env?: NodeJS.ProcessEnv): RunnerConfig => readConfig(RunnerSettings, env);

/** Token of the settings in Nest's container. */
export const RUNNER_CONFIG = Symbol('runner config');
