import { httpUrlSetting, pathSetting, secretSetting, serviceSettings } from '@saas-codex/platform/config';
import { z } from 'zod';

const SANDBOXES = ['workspace-write', 'danger-full-access'] as const;
export type Sandbox = (typeof SANDBOXES)[number];

/** Settings of the runner; every name is an environment variable. */
export const Config = z.object({
  ...serviceSettings,
  /** The same folder as the backend's. */
  WORKSPACES_ROOT: pathSetting,
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
export type Config = z.infer<typeof Config>;

/** Injection token: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = Symbol('runner config');
