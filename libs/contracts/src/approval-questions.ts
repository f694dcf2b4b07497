import { z } from 'zod';
import { openEnum } from './open-reading.js';

/**
 * When Codex asks a person. never: it does what the sandbox allows. ask: it asks before every command that it does not know to be
 * harmless, and before it changes files.
 */
export const APPROVAL_MODES = ['never', 'ask'] as const;
export const ApprovalMode = z.enum(APPROVAL_MODES);
export type ApprovalMode = z.infer<typeof ApprovalMode>;

/**
 * What is asked for. Further kinds may come. network: a command's connection to a host, which waits; the rest of the run may go on, so
 * the run keeps its place, and its time runs.
 */
export const APPROVAL_KINDS = ['command', 'file_change', 'network'] as const;
export type ApprovalKind = (typeof APPROVAL_KINDS)[number];

/**
 * accept: do it. accept_for_session: do it, and do not ask again for the same until the run ends; a host is added to those that the
 * session may reach. decline: go on without it. cancel: do not do it, and end the turn.
 */
export const APPROVAL_DECISIONS = ['accept', 'accept_for_session', 'decline', 'cancel'] as const;
export const ApprovalDecision = z.enum(APPROVAL_DECISIONS);
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

/** Where a connection leads. */
export const Destination = z.object({
  host: z.string(),
  port: z.int(),
  method: z.string().nullable().describe('null: not known, since the connection is encrypted'),
});
export type Destination = z.infer<typeof Destination>;

/** Names a question, in events and in the API. `request_id` is its name within the run. */
const names = { approval_id: z.uuid(), request_id: z.string() };

/** What is asked, and which answers there are. */
export const QUESTION = {
  kind: openEnum(APPROVAL_KINDS),
  item_id: z
    .string()
    .describe(
      'Of the command or the file change that waits. Of a connection: a name of its own, since no item is known',
    ),
  command: z.string().nullable().describe('null: it is not a command, or one without a text'),
  destination: Destination.nullable().optional().describe('Of a connection: where it leads'),
  reason: z.string().nullable().describe('Why the agent asks; null: it does not say'),
  decisions: z.array(openEnum(APPROVAL_DECISIONS)).describe('The answers that are possible'),
};

/** Data of the event `approval.requested`. */
export const ApprovalRequested = z.object({ ...names, ...QUESTION });
export type ApprovalRequested = z.infer<typeof ApprovalRequested>;

/** answered: by a person. timed_out: nobody answered in time. expired: the run ended first. */
const APPROVAL_OUTCOMES = ['answered', 'timed_out', 'expired'] as const;

/** Data of the event `approval.resolved`: the answer takes effect now, or the question is over. */
export const ApprovalResolved = z.object({
  ...names,
  outcome: openEnum(APPROVAL_OUTCOMES),
  decision: openEnum(APPROVAL_DECISIONS).nullable().describe('null: the run ended first'),
});
export type ApprovalResolved = z.infer<typeof ApprovalResolved>;
