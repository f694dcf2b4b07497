import { configOf } from '@saas-codex/contracts/setting-readers';
import type { z } from 'zod';

/** What libs/contracts/src/settings.ts declares for the gateway. */
export const Config = configOf('gateway');
export type Config = z.infer<typeof Config>;

/** Injection token: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = Symbol('gateway config');
