import { z } from 'zod';
import { Author } from './authors.js';
import { Id } from './ids.js';
import { openEnum } from './open-reading.js';
import { pageOf, PageQuery } from './pagination.js';
import { writtenText } from './text.js';
import type { TransitionTable } from './transitions.js';

/**
 * When Codex asks a person. never: it does what the sandbox allows. ask: it asks before every command that it does not know to be
 * harmless, and before it changes files.
 */
export const APPROVAL_MODES = ['never', 'ask'] as const;
export const ApprovalMode = z.enum(APPROVAL_MODES);
export type ApprovalMode = z.infer<typeof ApprovalMode>;

/** What is asked for. Further kinds may come. */
export const APPROVAL_KINDS = ['command', 'file_change'] as const;
export type ApprovalKind = (typeof APPROVAL_KINDS)[number];

/**
 * accept: do it. accept_for_session: do it, and do not ask again for the same until the run ends. decline: go on without it.
 * cancel: do not do it, and end the turn.
 */
export const APPROVAL_DECISIONS = ['accept', 'accept_for_session', 'decline', 'cancel'] as const;
export const ApprovalDecision = z.enum(APPROVAL_DECISIONS);
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

/** pending: it waits for an answer. resolved: it has one. expired: its run has ended without one. */
export const APPROVAL_STATUSES = ['pending', 'resolved', 'expired'] as const;
export const ApprovalStatus = z.enum(APPROVAL_STATUSES);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

export const APPROVAL_TRANSITIONS: TransitionTable<ApprovalStatus> = {
  pending: ['resolved', 'expired'],
  resolved: [],
  expired: [],
};

/** Names a question, in events and in the API. `request_id` is its name within the run. */
const names = { approval_id: z.uuid(), request_id: z.string() };

const question = {
  kind: openEnum(APPROVAL_KINDS),
  item_id: z.string().describe('Of the command or the file change that waits'),
  command: z.string().nullable().describe('null: it is not a command, or one without a text'),
  reason: z.string().nullable().describe('Why the agent asks; null: it does not say'),
  decisions: z.array(openEnum(APPROVAL_DECISIONS)).describe('The answers that are possible'),
};

/** Data of the event `approval.requested`. */
export const ApprovalRequested = z.object({ ...names, ...question });
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

/** In characters. */
export const MAX_APPROVAL_NOTE = 1_000;

export const Approval = z
  .object({
    approval_id: z.uuid(),
    session_id: z.uuid(),
    run_id: z.uuid(),
    ...question,
    status: openEnum(APPROVAL_STATUSES).describe(
      'pending: it waits for an answer. resolved: it has one. expired: its run ended first',
    ),
    decision: openEnum(APPROVAL_DECISIONS).nullable(),
    decided_by: Author.nullable().describe('`system`: nobody answered in time'),
    decided_at: z.iso.datetime().nullable(),
    note: z.string().nullable().describe('What who answered has added'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

/** Body of `POST /api/approvals/{approval_id}/decision`. */
export const DecideApproval = z
  .strictObject({
    decision: ApprovalDecision.describe(
      'accept: do it. accept_for_session: do it, and do not ask again for the same until the run ends. decline: go on without ' +
        'it. cancel: do not do it, and end the turn',
    ),
    note: writtenText(MAX_APPROVAL_NOTE).optional().describe('For the people who read the session'),
  })
  .meta({ id: 'DecideApproval', examples: [{ decision: 'accept' }] });
export type DecideApproval = z.infer<typeof DecideApproval>;

export const ApprovalsQuery = PageQuery.extend({
  status: ApprovalStatus.optional(),
  session_id: Id.optional(),
});
export type ApprovalsQuery = z.infer<typeof ApprovalsQuery>;

export const ApprovalPage = pageOf(Approval, 'ApprovalPage');
export type ApprovalPage = z.infer<typeof ApprovalPage>;
