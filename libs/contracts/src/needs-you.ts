import { z } from 'zod';
import { openEnum } from './open-reading.js';

/**
 * Why a session waits for a person.
 *
 *     approval_pending  its run has asked something, and waits for the answer
 *     limit_reached   its run waits at a cap, until somebody raises it
 *     session_failed  it could not be set up, and nobody concerned has seen that
 *     setup_failed    its setup script has not succeeded, and prompts wait for a decision
 *     queue_held      its prompts wait until somebody resumes the queue
 *     run_failed      its last prompt failed, and nobody concerned has seen that
 */
const NEEDS_YOU_REASONS = [
  'approval_pending',
  'limit_reached',
  'session_failed',
  'setup_failed',
  'queue_held',
  'run_failed',
] as const;
export type NeedsYouReason = (typeof NEEDS_YOU_REASONS)[number];

export const NeedsYou = z
  .object({
    reason: openEnum(NEEDS_YOU_REASONS).describe(
      'approval_pending: its run has asked something (`GET /api/approvals`). limit_reached: its run waits at a cap. session_failed, run_failed: a failure that nobody concerned has seen. ' +
        'setup_failed: prompts wait for a decision about the setup script. queue_held: prompts wait until the queue is resumed',
    ),
    since: z.iso.datetime(),
    user_ids: z
      .array(z.string())
      .describe('Whom it waits for: the owner of the session, and who wrote the prompts in question'),
  })
  .meta({ id: 'NeedsYou' });
export type NeedsYou = z.infer<typeof NeedsYou>;

/** How far a person has read a session. */
export const SessionRead = z
  .object({
    read_at: z.iso
      .datetime()
      .nullable()
      .describe(
        'The caller has read what happened until then. The session is unread while its `news_at` is later. null: the caller has ' +
          'neither opened the session nor worked in it, so nothing in it counts as unread',
      ),
  })
  .meta({ id: 'SessionRead' });
export type SessionRead = z.infer<typeof SessionRead>;
