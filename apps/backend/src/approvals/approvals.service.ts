import { Inject, Injectable } from '@nestjs/common';
import type { ApprovalDecision } from '@saas-codex/contracts/approval-questions';
import {
  APPROVAL_TRANSITIONS,
  type Approval,
  type ApprovalPage,
  type ApprovalsQuery,
  type DecideApproval,
} from '@saas-codex/contracts/approvals';
import type { Author } from '@saas-codex/contracts/authors';
import { HostRule, MOST_HOST_RULES, type Network } from '@saas-codex/contracts/network';
import { Timestamp } from '@saas-codex/contracts/pagination';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { z } from 'zod';
import { RequestAudit } from '../audit/request-audit.js';
import { CONFIG, type Config } from '../config.js';
import { decodeCursor, toPage } from '../database/cursor.js';
import { TenantDatabase, type TenantTransaction } from '../database/tenant-database.js';
import { transition } from '../database/transition.js';
import { authorOf } from '../identity/actor.js';
import { type RequestContext, systemContext } from '../identity/request-context.js';
import { RunsPort } from '../sessions/runs-port.js';
import { auditedTitle } from '../sessions/session-audit.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { ApprovalEntity, toApproval } from './approval.entity.js';
import { expirePending } from './approval-rows.js';

/** Sort key of the list. */
const ApprovalCursor = z.tuple([Timestamp, z.uuid()]);

/** A question as background work names it. */
export interface ApprovalRef {
  tenantId: string;
  sessionId: string;
  runId: string;
  approvalId: string;
  /** Its run has ended. */
  isOver: boolean;
}

/**
 * Questions of runs and people's answers. An answer is committed before its 2xx; the reconciler of runs delivers it to the runner,
 * as often as it takes.
 */
@Injectable()
export class ApprovalsService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    private readonly runs: RunsPort,
    private readonly audit: RequestAudit,
    @Inject(CONFIG) private readonly config: Pick<Config, 'APPROVAL_TIMEOUT_MINUTES'>,
  ) {}

  /** Newest first. @throws ProblemError invalid_cursor */
  async list(ctx: RequestContext, query: ApprovalsQuery): Promise<ApprovalPage> {
    const after = decodeCursor(query.cursor, ApprovalCursor);
    const rows = await this.db.run(ctx, (tx) => {
      const select = tx.of(ApprovalEntity).select('approval');
      if (query.status) select.andWhere('approval.status = :status', query);
      if (query.session_id) select.andWhere('approval.sessionId = :session_id', query);
      if (after)
        select.andWhere('(approval.createdAt, approval.id) < (:at, :id)', { at: after[0], id: after[1] });
      return select
        .orderBy('approval.createdAt', 'DESC')
        .addOrderBy('approval.id', 'DESC')
        .take(query.limit + 1)
        .getMany();
    });
    return toPage(rows, query.limit, (row) => [row.createdAt.toISOString(), row.id], toApproval);
  }

  /**
   * The first answer counts.
   * @throws ProblemError approval_not_found, approval_answered, approval_expired, decision_not_offered, session_not_found
   */
  async decide(
    ctx: RequestContext,
    id: string,
    { decision, note: given }: DecideApproval,
  ): Promise<Approval> {
    const where = { id };
    const found = await this.db.run(ctx, (tx) => tx.of(ApprovalEntity).findOne({ where }));
    if (!found) throw notFound();
    const { sessionId } = found;
    const decidedBy = authorOf(ctx.actor);
    const note = given ?? null;
    return this.sessions.change(ctx, sessionId, async (tx, session) => {
      const now = await tx.of(ApprovalEntity).findOne({ where });
      if (!now) throw notFound();
      if (isSame(now, decision, decidedBy)) {
        this.audit.recordedBefore(ctx);
        return toApproval(now);
      }
      if (!now.decisions.includes(decision)) throw notOffered(now);
      if (!(await this.resolve(tx, id, { decision, decidedBy, note }))) throw lost(now);
      const network = decision === 'accept_for_session' ? withHost(session.network, now) : null;
      if (network) await tx.of(SessionEntity).update({ id: sessionId }, { network });
      await this.audit.recordIn(tx, ctx, {
        target: { id: now.runId, name: auditedTitle(session) },
        ...(network && { changes: { network: { old: session.network, new: network } } }),
      });
      tx.afterCommit(() => this.runs.kick({ tenantId: ctx.tenantId, sessionId }));
      return toApproval({ ...now, ...(await tx.of(ApprovalEntity).findOne({ where })) });
    });
  }

  /** Ends a question that nobody has answered in time, or whose run has ended. */
  async giveUp({ tenantId, sessionId, runId, approvalId, isOver }: ApprovalRef): Promise<void> {
    const ctx = systemContext('approvals', tenantId);
    await this.sessions.changeIfThere(ctx, sessionId, async (tx) => {
      if (isOver) return expirePending(tx, runId);
      const now = await tx.of(ApprovalEntity).findOne({ where: { id: approvalId, status: 'pending' } });
      if (!now) return;
      const decision = now.decisions.includes('decline') ? 'decline' : 'cancel';
      const note = `Nobody answered within ${this.config.APPROVAL_TIMEOUT_MINUTES} minutes (APPROVAL_TIMEOUT_MINUTES).`;
      await this.resolve(tx, approvalId, { decision, decidedBy: authorOf(ctx.actor), note });
      tx.afterCommit(() => this.runs.kick({ tenantId, sessionId }));
    });
  }

  private resolve(
    tx: TenantTransaction,
    id: string,
    answer: { decision: ApprovalDecision; decidedBy: Author; note: string | null },
  ): Promise<boolean> {
    const set = { ...answer, decidedAt: new Date() };
    return transition(tx, ApprovalEntity, APPROVAL_TRANSITIONS, { id, to: 'resolved', set });
  }
}

/** An earlier attempt of the same request has answered. */
const isSame = ({ status, decision, decidedBy }: ApprovalEntity, ours: ApprovalDecision, us: Author) =>
  status === 'resolved' && decision === ours && decidedBy?.kind === us.kind && decidedBy.id === us.id;

/** A network that asks, with the host and port that a person was shown, and no others; null: it has it, or there is no room for more. */
function withHost(network: Network, { destination }: ApprovalEntity): Network | null {
  if (network.mode !== 'ask' || destination === null) return null;
  const { host, port } = destination;
  const rule = HostRule.safeParse({ host: `${host}:${port}` });
  const isKnown = network.hosts.some((known) => known.host === rule.data?.host);
  if (!rule.success || isKnown || network.hosts.length >= MOST_HOST_RULES) return null;
  return { ...network, hosts: [...network.hosts, rule.data] };
}

const notFound = () =>
  new ProblemError('approval_not_found', 'It may have been deleted together with its session.');

const notOffered = ({ decisions }: ApprovalEntity) =>
  new ProblemError('decision_not_offered', `Answer with one of: ${decisions.join(', ')}.`);

const DONE: Record<ApprovalDecision, string> = {
  accept: 'accepted it',
  accept_for_session: 'accepted it for the rest of the run',
  decline: 'declined it',
  cancel: 'declined it and ended the turn',
};

function lost({ status, decision, decidedBy, decidedAt }: ApprovalEntity): ProblemError {
  if (status !== 'resolved' || decision === null)
    return new ProblemError('approval_expired', 'Its run has ended. Send a prompt to continue.');
  const who = decidedBy?.kind === 'system' ? 'Nobody answered in time, so the platform' : decidedBy?.name;
  return new ProblemError(
    'approval_answered',
    `${who ?? 'Somebody'} ${DONE[decision]} at ${decidedAt?.toISOString()}. The first answer counts.`,
  );
}
