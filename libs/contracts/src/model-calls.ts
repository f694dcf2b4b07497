import { z } from 'zod';
import { LIMIT_PERIODS, LIMIT_SCOPES, LIMIT_UNITS, LimitSetBy } from './limits.js';
import { openEnum } from './open-reading.js';
import { Usage } from './runs.js';

/**
 * The backend's API for runners: internal, with `Authorization: Bearer SERVICE_TOKEN`, outside of `/api`, so no gateway
 * forwards it. A model call is reserved before it is sent, and settled when its cost is known:
 *
 *     POST /internal/model-calls                    ─► granted, or why not
 *     POST /internal/model-calls/{call_id}/settle   ─► 204
 *
 * Both may be repeated, also to another backend: a call has one reservation and is settled once.
 */
export const MODEL_CALLS_PATH = '/internal/model-calls';

const tokens = z.int().min(0).max(1_000_000_000);

export const ReserveModelCall = z.strictObject({
  call_id: z.uuid(),
  tenant_id: z.string().min(1).max(100),
  run_id: z.uuid(),
  model: z.string().min(1).max(200),
  /** More than the request's input can have. */
  input_tokens: tokens,
  /** The output that the request allows; null: it names no maximum. */
  output_tokens: tokens.nullable(),
  /** Whether the demo model answers, which costs nothing. */
  demo: z.boolean(),
});
export type ReserveModelCall = z.infer<typeof ReserveModelCall>;

/** Which cap a call would pass. */
export const LimitReached = z.object({
  scope: openEnum(LIMIT_SCOPES),
  unit: openEnum(LIMIT_UNITS),
  period: openEnum(LIMIT_PERIODS),
  cap: z.int(),
  used: z.int(),
  /** What the call may use at most. */
  needed: z.int(),
  set_by: LimitSetBy,
});
export type LimitReached = z.infer<typeof LimitReached>;

export const MODEL_CALL_REFUSALS = ['model_not_allowed', 'model_price_unknown', 'run_ended'] as const;

export const Reservation = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('granted'),
    /** The most output that the call must ask for; null: there is no cap, and the request may stay as it is. */
    output_tokens: z.int().nullable(),
  }),
  /** Other calls under way have reserved the rest. They may use less. */
  z.object({ outcome: z.literal('busy'), limit: LimitReached }),
  z.object({ outcome: z.literal('limit_reached'), limit: LimitReached }),
  z.object({ outcome: z.literal('refused'), code: openEnum(MODEL_CALL_REFUSALS), detail: z.string() }),
]);
export type Reservation = z.infer<typeof Reservation>;

/**
 * How a call ended. released: the model server has not worked on it, so it costs nothing. unknown: it may have, but did not
 * say how much; the whole reservation counts.
 */
export const SettleModelCall = z.strictObject({
  tenant_id: z.string().min(1).max(100),
  outcome: z.enum(['settled', 'released', 'unknown']),
  usage: z.object(Usage.shape).nullable(),
});
export type SettleModelCall = z.infer<typeof SettleModelCall>;
