import { z } from 'zod';
import { AnyRunEvent, RunEvent } from './events.js';

/*
 * The log of a run in pages, from its end: `GET /api/runs/{run_id}/history?before=<seq>&limit=<n>`.
 *
 *     1 … 400 | 401 … 900 | 901 … 1400       1400-3 ──► listen after `last_event_id`
 *     ◄─before: 401─ ◄─before: 901─ newest page │
 *                                               └ `growing`: the texts of 1400-1 … 1400-3, which are not complete yet
 */

export const MAX_HISTORY_EVENTS = 2_000;
/** Largest number of an event. */
const MAX_SEQ = 2_147_483_647;

export const RunHistoryQuery = z.object({
  before: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_SEQ)
    .optional()
    .describe('Only events with a lower `seq`; without it the page reaches to the end of the log'),
  limit: z.coerce.number().int().min(1).max(MAX_HISTORY_EVENTS).default(500),
});
export type RunHistoryQuery = z.infer<typeof RunHistoryQuery>;

const shape = {
  before: z
    .int()
    .nullable()
    .describe('`before` of the page before this one; null: this page has the first event'),
  last_event_id: z
    .string()
    .describe(
      'Stream the events of the run after this id (`?after=`, `Last-Event-ID`) to continue after this page',
    ),
  ended: z.boolean().describe('The last event of the run is in this page, or after it'),
};

/** A page of a run's durable events, in order. */
export const RunHistory = z
  .object({
    events: z.array(RunEvent).describe('May be fewer than `limit` if they are large'),
    growing: z
      .array(RunEvent)
      .describe(
        'At the end of an open log: an `item.delta` for each text that is not complete, with all of its text so far. A text ' +
          'that began more than 200 events earlier may be missing',
      ),
    ...shape,
  })
  .meta({ id: 'RunHistory' });

/** A page on reading. */
export const ReadRunHistory = z.object({
  events: z.array(AnyRunEvent),
  growing: z.array(AnyRunEvent),
  ...shape,
});
export type ReadRunHistory = z.infer<typeof ReadRunHistory>;
