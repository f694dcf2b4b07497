import type { ApprovalRequested, ApprovalResolved } from '@saas-codex/contracts/approval-questions';
import { APPROVAL_TRANSITIONS } from '@saas-codex/contracts/approvals';
import { IsNull } from 'typeorm';
import type { TenantTransaction } from '../database/tenant-database.js';
import { transition } from '../database/transition.js';
import { ApprovalEntity } from './approval.entity.js';

/*
 * What becomes of a question, from the run's log and from people:
 *
 *     approval.requested ──► pending ──decision (compare-and-set)──► resolved ──delivered to the runner──► approval.resolved: applied
 *                               └──the run has ended──► expired
 *
 * All functions are for a transaction that has locked the session's row, and may be repeated.
 */

interface RunOfTenant {
  id: string;
  sessionId: string;
}

export async function recordRequested(
  tx: TenantTransaction,
  run: RunOfTenant,
  { approval_id: id, request_id: requestId, kind, item_id: itemId, ...asked }: ApprovalRequested,
  at: Date,
): Promise<void> {
  const approvals = tx.of(ApprovalEntity);
  if ((await approvals.count({ id })) > 0) return;
  const { command, destination = null, reason, decisions } = asked;
  await approvals.insert({
    id,
    sessionId: run.sessionId,
    runId: run.id,
    requestId,
    kind,
    itemId,
    command: storable(command),
    destination,
    reason: storable(reason),
    decisions,
    status: 'pending',
    createdAt: at,
  });
}

/** The answer has taken effect, or the run closed the question without one. */
export async function recordResolved(
  tx: TenantTransaction,
  { approval_id: id, decision }: ApprovalResolved,
  at: Date,
): Promise<void> {
  if (decision === null) await transition(tx, ApprovalEntity, APPROVAL_TRANSITIONS, { id, to: 'expired' });
  else await tx.of(ApprovalEntity).update({ id, appliedAt: IsNull() }, { appliedAt: at });
}

/** The run has ended. */
export async function expirePending(tx: TenantTransaction, runId: string): Promise<void> {
  await tx.of(ApprovalEntity).update({ runId, status: 'pending' }, { status: 'expired' });
}

/** Answers of the run that have not taken effect. */
export const unappliedAnswers = (tx: TenantTransaction, runId: string): Promise<ApprovalEntity[]> =>
  tx.of(ApprovalEntity).find({
    where: { runId, status: 'resolved', appliedAt: IsNull() },
    order: { decidedAt: 'ASC' },
  });

/** Whether the run can do nothing until the answer: while a connection waits, it may go on. */
export const holdsRun = (kind: ApprovalEntity['kind']): boolean => kind !== 'network';

/** Whether the run waits for a person, and for nothing else. */
export async function waitsForPerson(tx: TenantTransaction, runId: string): Promise<boolean> {
  const pending = await tx.of(ApprovalEntity).find({ where: { runId, status: 'pending' } });
  if (!pending.some(({ kind }) => holdsRun(kind))) return false;
  return !(await unappliedAnswers(tx, runId)).some(({ kind }) => holdsRun(kind));
}

/** Postgres cannot store this character. */
const storable = (text: string | null): string | null => text && text.replaceAll('\0', '\u{fffd}');
