import { configOf } from '@saas-codex/contracts/setting-readers';
import type { z } from 'zod';

/** What libs/contracts/src/settings.ts declares for the backend. */
export const Config = configOf('backend');
export type Config = z.infer<typeof Config>;

/** Injection token: `@Inject(CONFIG) private readonly config: Config`. */
export const CONFIG = Symbol('backend config');
