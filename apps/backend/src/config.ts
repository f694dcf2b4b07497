import {
  httpUrlSetting,
  httpUrlsSetting,
  pathSetting,
  secretSetting,
  serviceSettings,
} from '@saas-codex/service-kit/config';
import { trustedHostsSetting } from '@saas-codex/service-kit/network/trusted-hosts';
import { z } from 'zod';

const days = z.coerce.number().int().min(0).max(36_500);

/** Settings of the backend; every name is an environment variable. */
export const Config = z.object({
  ...serviceSettings,
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// address' }),
  /** Of every runner, or one name that has all their addresses: each takes any run. */
  RUNNER_URL: httpUrlsSetting,
  WORKSPACES_ROOT: pathSetting,
  /** Shared with the runner. */
  SERVICE_TOKEN: secretSetting,
  /** Signs cookies; changing it signs everybody out. */
  AUTH_SECRET: secretSetting,
  /** Where browsers reach the platform; links and the cookie's Secure flag come from it. */
  PUBLIC_URL: httpUrlSetting.transform((url) => url.replace(/\/+$/, '')),
  /** `host[:port]`s that may be cloned over http and may have private addresses. */
  GIT_TRUSTED_HOSTS: trustedHostsSetting,
  /** Runs of one tenant that the runners have at a time, waiting ones included; further ones wait for those. */
  MAX_RUNS_PER_TENANT: z.coerce.number().int().min(1).max(100_000).default(16),
  /** For how long Redis keeps the log of an ended run after Postgres has it. */
  RUN_LOG_TTL_MINUTES: z.coerce.number().min(0).max(100_000).default(60),
  /** Sessions in which nothing happens for so long are archived; 0: never. */
  RETENTION_IDLE_DAYS: days.default(30),
  /** For how long an archived session keeps its workspace; 0: for ever. */
  RETENTION_WORKSPACE_DAYS: days.default(7),
  /** For how long a mirror is kept that no workspace borrows from; 0: for ever. */
  RETENTION_MIRROR_DAYS: days.default(30),
  /** What the workspaces and mirrors of one tenant may take before it gets no new session. Unset: no limit. */
  DISK_QUOTA_GB_PER_TENANT: z.coerce.number().positive().max(1_000_000).optional(),
  /** Gets the owner's API token at the first start, with mode 0600. */
  OWNER_TOKEN_FILE: pathSetting,
});
export type Config = z.infer<typeof Config>;

/** Injection token: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = Symbol('backend config');
