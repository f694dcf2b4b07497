import { z } from 'zod';
import { APPROVAL_DECISIONS, ApprovalDecision, QUESTION } from './approval-questions.js';
import { Author } from './authors.js';
import { Id } from './ids.js';
import { openEnum } from './open-reading.js';
import { pageOf, PageQuery } from './pagination.js';
import { writtenText } from './text.js';
import type { TransitionTable } from './transitions.js';

/** pending: it waits for an answer. resolved: it has one. expired: its run has ended without one. */
export const APPROVAL_STATUSES = ['pending', 'resolved', 'expired'] as const;
export const ApprovalStatus = z.enum(APPROVAL_STATUSES);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

export const APPROVAL_TRANSITIONS: TransitionTable<ApprovalStatus> = {
  pending: ['resolved', 'expired'],
  resolved: [],
  expired: [],
};

/** In characters. */
export const MAX_APPROVAL_NOTE = 1_000;

export const Approval = z
  .object({
    approval_id: z.uuid(),
    session_id: z.uuid(),
    run_id: z.uuid(),
    ...QUESTION,
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
      'accept: do it. accept_for_session: do it, and do not ask again for the same until the run ends; a host is added to those that ' +
        'the session may reach. decline: go on without it. cancel: do not do it, and end the turn',
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
