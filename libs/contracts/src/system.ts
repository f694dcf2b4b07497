import { z } from 'zod';
import { openEnum } from './open-reading.js';

/** Answer of `GET /health` of every service. */
export const Health = z
  .object({ status: openEnum(['ok', 'degraded']), service: z.string(), version: z.string() })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;

const isolation = {
  isolation: openEnum(['bubblewrap', 'codex-sandbox', 'none']),
  isolation_reason: z.string().describe('Why it is this one, in a sentence.'),
  limits: openEnum(['cgroups', 'watch', 'deadline']).describe(
    'What holds a run to its limits: the kernel, the runner that looks at it, or its deadline alone.',
  ),
  limits_reason: z.string().describe('What that means here, in a sentence.'),
};

/** Answer of `GET /ready` of every service: 200 when it can do its work, else 503. */
export const Readiness = z
  .object({
    status: openEnum(['ready', 'not_ready']),
    service: z.string(),
    checks: z.array(
      z.object({
        name: z.string().describe('What the service needs'),
        ready: z.boolean(),
        reason: z.string().nullable().describe('What is wrong, in a sentence'),
      }),
    ),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;

/** Answer of the runner's `GET /health`. */
export const RunnerHealth = Health.extend(isolation).meta({ id: 'RunnerHealth' });
export type RunnerHealth = z.infer<typeof RunnerHealth>;

/** What a run's engine can do besides working on a prompt and being stopped. */
export const EngineCapabilities = z
  .object({
    steer: z.boolean().describe('Takes further messages while it works'),
    approvals: z.boolean().describe('Can ask a person before it does something'),
    deltas: z.boolean().describe('Texts and the output of commands arrive as they grow, as `item.delta`'),
    reviews: z.boolean().default(false).describe('Can review changes'),
    compact: z.boolean().default(false).describe('Can replace its conversation by a summary'),
  })
  .meta({ id: 'EngineCapabilities' });
export type EngineCapabilities = z.infer<typeof EngineCapabilities>;

/** What a runner says about itself and its model source; the UI's banner and model choice come from it. */
export const SystemInfo = z
  .object({
    engine: openEnum(['app-server', 'sdk']),
    capabilities: EngineCapabilities.optional().describe(
      'Of the engine. A runner of an earlier version does not say them',
    ),
    codex_version: z.string(),
    model_source: openEnum(['openai', 'compatible', 'demo', 'organisation']).describe(
      "demo: scripted and offline, not an AI. organisation: the organisation's own model server",
    ),
    default_model: z.string().nullable().describe("null: Codex's own default"),
    ...isolation,
    max_concurrent_runs: z.int().describe('Of each runner.'),
    total_concurrent_runs: z.int().optional().describe('Of all runners together.'),
    images: z
      .object({
        max_bytes: z.int().describe('Of one image'),
        max_per_prompt: z.int().describe('0: prompts have no images'),
      })
      .optional()
      .describe('Limits for images of prompts. Left out: the server knows none.'),
  })
  .meta({ id: 'SystemInfo' });
export type SystemInfo = z.infer<typeof SystemInfo>;
