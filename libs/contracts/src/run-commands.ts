import { z } from 'zod';
import { ApprovalDecision } from './approval-questions.js';

/*
 * Commands to a run, for whichever runner holds it. They are entries of the run's inbox, a Redis stream, as JSON in
 * the field `command`; RUN_COMMAND_CHANNEL announces each.
 *
 * The union grows. A runner ignores commands of types that it does not know.
 */

/** `id` is the idempotency key within the run: sending a command again under the same id changes nothing. */
const command = { id: z.string().min(1).max(100) };

export const CancelCommand = z.object({ ...command, type: z.literal('cancel') });

/** The answer to a question of the run. */
export const AnswerCommand = z.object({
  ...command,
  type: z.literal('answer'),
  request_id: z.string(),
  decision: ApprovalDecision,
  /** Nobody has answered in time. */
  timed_out: z.boolean(),
});
export type AnswerCommand = z.infer<typeof AnswerCommand>;

/** A message for the running turn. */
export const SteerCommand = z.object({ ...command, type: z.literal('steer'), prompt: z.string().min(1) });
export type SteerCommand = z.infer<typeof SteerCommand>;

export const RunCommand = z.discriminatedUnion('type', [CancelCommand, SteerCommand, AnswerCommand]);
export type RunCommand = z.infer<typeof RunCommand>;

/** A command of any type, as a newer sender may write it. */
export const AnyRunCommand = z.looseObject({ ...command, type: z.string().min(1).max(100) });

/** Published when a command was sent. */
export const RunCommandNotice = z.object({ run_id: z.uuid(), type: z.string() });
export type RunCommandNotice = z.infer<typeof RunCommandNotice>;
