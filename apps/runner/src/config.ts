import { httpUrlSetting, pathSetting, secretSetting, serviceSettings } from '@saas-codex/service-kit/config';
import { trustedHostsSetting } from '@saas-codex/service-kit/network/trusted-hosts';
import { z } from 'zod';

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
  /** What keeps agents from everything else; `auto` takes the best that works here. */
  ISOLATION: z.enum(['auto', 'bubblewrap', 'codex-sandbox', 'none']).default('auto'),
  /** `host[:port]`s that sessions may reach at private addresses, where their own rules allow it. */
  EGRESS_TRUSTED_HOSTS: trustedHostsSetting,
  /** What a run in a jail may take, each of its processes and as a whole; see jail/limits. */
  JAIL_MAX_PROCESSES: z.coerce.number().int().min(32).max(1_000_000).default(1_024),
  JAIL_MAX_FILE_MB: z.coerce.number().int().min(64).max(1_000_000).default(4_096),
  JAIL_MAX_MEMORY_MB: z.coerce.number().int().min(512).max(10_000_000).default(4_096),
  JAIL_MAX_CPU_MINUTES: z.coerce.number().min(0.01).max(10_000).default(60),
  /** The session's repository and CODEX_HOME. */
  JAIL_MAX_DISK_MB: z.coerce.number().int().min(64).max(100_000_000).default(10_240),
  JAIL_MAX_FILES: z.coerce.number().int().min(1_000).max(1_000_000_000).default(1_000_000),
  /** What the log of one run may take, with the text that is shown as it grows. */
  MAX_RUN_LOG_MB: z.coerce.number().int().min(1).max(10_000).default(64),
  /** How long one run may take. */
  RUN_TIMEOUT_MINUTES: z.coerce.number().min(0.01).max(10_000).default(60),
  /** How long one run of a session's setup script may take. */
  SETUP_TIMEOUT_MINUTES: z.coerce.number().min(0.01).max(10_000).default(20),
  MAX_CONCURRENT_RUNS: z.coerce.number().int().min(1).max(64).default(4),
  /** How long runs may go on after SIGTERM before they are interrupted. */
  SHUTDOWN_GRACE_SECONDS: z.coerce.number().min(0).max(3600).default(5),
  /** Speed of the demo model: 1 is a person's reading pace, 0 does not wait at all. */
  DEMO_PACE: z.coerce.number().min(0).max(10).optional(),
});
export type Config = z.infer<typeof Config>;

/** Injection token: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = Symbol('runner config');
