import { z } from 'zod';
import { Author } from './authors.js';
import { openEnum } from './open-reading.js';
import { writtenText } from './text.js';
import type { TransitionTable } from './transitions.js';

/*
 * A steer is a message for a run that works.
 *
 *     pending ──► delivered   the agent has it: `steer.delivered` in the run's log
 *         └─────► queued      the run ended first: it is the session's next prompt
 */

export const STEER_STATUSES = ['pending', 'delivered', 'queued'] as const;
export type SteerStatus = (typeof STEER_STATUSES)[number];

export const STEER_TRANSITIONS: TransitionTable<SteerStatus> = {
  pending: ['delivered', 'queued'],
  delivered: [],
  queued: [],
};

/** In characters. Escaped as JSON it still fits into an event of a run's log. */
export const MAX_STEER_LENGTH = 50_000;
/** They stay in the run's inbox until it has ended. */
export const MAX_STEERS_PER_RUN = 50;

export const Steer = z
  .object({
    steer_id: z.uuid(),
    run_id: z.uuid(),
    session_id: z.uuid(),
    prompt: z.string(),
    status: openEnum(STEER_STATUSES).describe(
      'pending: on its way. delivered: the agent has it. queued: the run ended first, so it is a prompt of its own',
    ),
    queued_run_id: z.uuid().nullable().describe('The run that it became; null: it is not `queued`'),
    created_by: Author,
    created_at: z.iso.datetime(),
    delivered_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Steer' });
export type Steer = z.infer<typeof Steer>;

/** Body of `POST /api/runs/{run_id}/steer`. */
export const SteerRun = z
  .strictObject({ prompt: writtenText(MAX_STEER_LENGTH) })
  .meta({ id: 'SteerRun', examples: [{ prompt: 'Leave the tests as they are.' }] });
export type SteerRun = z.infer<typeof SteerRun>;

/** The steers of a run, in the order in which they were sent. */
export const Steers = z.object({ items: z.array(Steer) }).meta({ id: 'Steers' });
export type Steers = z.infer<typeof Steers>;
