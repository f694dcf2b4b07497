import { z } from 'zod';
import { Author } from './authors.js';
import { openEnum } from './open-reading.js';

/**
 * Why it stopped:
 *
 *     tries, money         it may do no more
 *     somebody_committed   somebody else has pushed to the branch
 *     taken_over           somebody works in the session, or it has changes that are not pushed
 *     run_ended            Codex's run failed or was cancelled, or could not begin
 *     nothing_changed      Codex has changed no file
 *     checks_failed        the checks that the repository requires before a push have not passed
 *     push_failed          the host did not take the commit
 *     not_allowed          who asked for it may no longer ship
 */
const KEEP_GREEN_STOPS = [
  'tries',
  'money',
  'somebody_committed',
  'taken_over',
  'run_ended',
  'nothing_changed',
  'checks_failed',
  'push_failed',
  'not_allowed',
] as const;
export type KeepGreenStop = (typeof KEEP_GREEN_STOPS)[number];

/** working: Codex is at it, or what it did is being checked and pushed. */
const KEEP_GREEN_TRY_STATES = ['working', 'pushed', 'gave_up'] as const;

/** One attempt to make a pull request green. */
export const KeepGreenTry = z.object({
  run_id: z.uuid().describe('The run that mends'),
  failed: z
    .array(z.string())
    .describe('Names of the checks that had failed; empty: it conflicted with its base'),
  commit: z.string().describe('The commit that was not green'),
  pushed: z.string().nullable().describe('The commit that was pushed; null: none yet'),
  state: openEnum(KEEP_GREEN_TRY_STATES),
  at: z.iso.datetime(),
});
export type KeepGreenTry = z.infer<typeof KeepGreenTry>;

/** How a pull request is kept green by itself. */
export const KeepGreen = z
  .object({
    by: Author,
    since: z.iso.datetime().describe('When it was asked for'),
    max_tries: z.int(),
    max_micro_usd: z
      .int()
      .nullable()
      .describe(
        'No try starts once those before have cost this much; null: only the limits of the organisation hold',
      ),
    tries: z.array(KeepGreenTry),
    stopped: z
      .object({ reason: openEnum(KEEP_GREEN_STOPS), detail: z.string(), at: z.iso.datetime() })
      .nullable()
      .describe('Why nothing more is done by itself; null: it goes on'),
  })
  .meta({ id: 'KeepGreen' });
export type KeepGreen = z.infer<typeof KeepGreen>;

export const MAX_KEEP_GREEN_TRIES = 10;

/** Body of `PUT /api/sessions/{session_id}/pull-request/keep-green`. */
export const StartKeepGreen = z
  .strictObject({
    max_tries: z.int().min(1).max(MAX_KEEP_GREEN_TRIES).default(3),
    max_micro_usd: z
      .int()
      .min(1)
      .max(1_000_000_000_000)
      .optional()
      .describe(
        'No try starts once those before have cost this much. Default: only the limits of the organisation hold',
      ),
  })
  .meta({ id: 'StartKeepGreen', examples: [{ max_tries: 3, max_micro_usd: 5_000_000 }] });
export type StartKeepGreen = z.infer<typeof StartKeepGreen>;
