import { configOf } from '@saas-codex/contracts/setting-readers';
import type { z } from 'zod';

/** The gateway's settings, declared in libs/contracts/src/settings.ts. */
export const Config = configOf('gateway');
export type Config = z.infer<typeof Config>;

/** Injection token: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = Symbol('gateway config');
