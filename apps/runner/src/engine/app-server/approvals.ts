import type { ApprovalDecision } from '@saas-codex/contracts/approval-questions';
import type { ApprovalRequest } from '../port/engine.js';
import type { Question } from './messages.js';

const DECISIONS: Record<string, ApprovalDecision> = {
  accept: 'accept',
  acceptForSession: 'accept_for_session',
  decline: 'decline',
  cancel: 'cancel',
};
const ALL = Object.values(DECISIONS);

/** The questions of a turn that wait for an answer. */
export class Approvals {
  private readonly open = new Map<string, Question['id']>();

  /** @param itemId our id of the item that waits */
  add({ id, method, params }: Question, itemId: string): ApprovalRequest {
    const requestId = String(id);
    this.open.set(requestId, id);
    const { reason = null } = params;
    if (method === 'item/fileChange/requestApproval')
      return { requestId, kind: 'file_change', itemId, command: null, reason, decisions: ALL };
    const offered = params.availableDecisions?.flatMap((one) =>
      typeof one === 'string' && Object.hasOwn(DECISIONS, one) ? [DECISIONS[one] as ApprovalDecision] : [],
    );
    const { command = null } = params;
    return { requestId, kind: 'command', itemId, command, reason, decisions: offered ?? ALL };
  }

  /** @returns Codex's id of the question, once; null: it is not open */
  take(requestId: string): Question['id'] | null {
    const id = this.open.get(requestId) ?? null;
    this.open.delete(requestId);
    return id;
  }
}
