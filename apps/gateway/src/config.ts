import { isIP } from 'node:net';
import {
  httpUrlSetting,
  httpUrlsSetting,
  pathSetting,
  serviceSettings,
} from '@saas-codex/service-kit/config';
import { z } from 'zod';

/** Express's names for groups of addresses. */
const ADDRESS_GROUPS = ['loopback', 'linklocal', 'uniquelocal'];

const isProxy = (text: string): boolean => {
  const [address = '', prefix, ...rest] = text.split('/');
  if (ADDRESS_GROUPS.includes(text)) return true;
  return isIP(address) > 0 && rest.length === 0 && (prefix === undefined || /^\d{1,3}$/.test(prefix));
};

/** `1` (so many proxies stand before the gateway) or their addresses; empty: none, forwarding headers are ignored. */
const trustProxy = z
  .string()
  .default('')
  .transform((text) =>
    /^\d$/.test(text) ? Number(text) : text.split(',').flatMap((part) => part.trim() || []),
  )
  .refine((value) => typeof value === 'number' || value.every(isProxy), {
    error: 'must be a number of proxies, or their addresses with commas between',
  });

/** Settings of the gateway; every name is an environment variable. */
export const Config = z.object({
  ...serviceSettings,
  /** Of every backend, or one name that has all their addresses. */
  BACKEND_URL: httpUrlsSetting,
  /** Where browsers reach the platform. */
  PUBLIC_URL: httpUrlSetting.transform((url) => new URL(url)),
  /** Folder of the built web app; without it the gateway serves the API alone. */
  WEB_ROOT: pathSetting.optional(),
  TRUST_PROXY: trustProxy,
  /** Requests to the API per minute, of one address and of one credential. */
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(1).default(3_000),
  /** Attempts to sign in per minute, of one address. */
  SIGN_IN_LIMIT_PER_MINUTE: z.coerce.number().int().min(1).default(30),
});
export type Config = z.infer<typeof Config>;

/** Injection token: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = Symbol('gateway config');
