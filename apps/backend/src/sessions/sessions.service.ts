import { Injectable } from '@nestjs/common';
import type { AuditChanges } from '@saas-codex/contracts/audit';
import type {
  CreateSession,
  Session,
  SessionPage,
  SessionsQuery,
  UpdateSession,
} from '@saas-codex/contracts/sessions';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { requireMatch } from '@saas-codex/service-kit/http/entity-tag';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v7 as uuidV7 } from 'uuid';
import type { TenantTransaction } from '../database/tenant-database.js';
import { systemEntry, AuditLog } from '../audit/audit-log.js';
import { RequestAudit } from '../audit/request-audit.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { waitAtMost } from '../reconcile/wait-at-most.js';
import { UsageService } from '../usage/usage.service.js';
import { Clones } from '../workspaces/clones/clones.js';
import { RunsPort } from './runs-port.js';
import { SessionEntity } from './session.entity.js';
import { SessionReconciler } from './session-reconciler.js';
import { SessionStore } from './session-store.js';
import { titleFromRepository } from './session-title.js';

/** How long a response waits for the work behind it. On timeout the work continues. */
const WAIT_MS = { create: 30_000, remove: 10_000 };

@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly reconciler: SessionReconciler,
    private readonly runs: RunsPort,
    private readonly clones: Clones,
    private readonly usage: UsageService,
    private readonly audit: RequestAudit,
    private readonly auditLog: AuditLog,
  ) {}

  /**
   * Creates a session and waits until it is set up, 30 s at most.
   * @param respondAsync do not wait
   * @throws ProblemError disk_quota_exceeded; a 400 for the address or the ref; while waiting, the code of a failed setup
   */
  async create(ctx: RequestContext, body: CreateSession, respondAsync = false): Promise<Session> {
    await this.usage.refuseWhenFull(ctx);
    const session = await this.insert(ctx, body);
    const settled = this.reconciler.kick({ tenantId: ctx.tenantId, sessionId: session.id });
    if (respondAsync) return this.sessions.view(session);
    await waitAtMost(WAIT_MS.create, settled);
    const now = await this.sessions.get(ctx, session.id);
    if (now.failureCode !== null) throw new ProblemError(now.failureCode, now.failureDetail ?? '');
    return this.sessions.view(now);
  }

  list(ctx: RequestContext, query: SessionsQuery): Promise<SessionPage> {
    return this.sessions.list(ctx, query);
  }

  async read(ctx: RequestContext, id: string): Promise<Session> {
    return this.sessions.view(await this.sessions.get(ctx, id));
  }

  /**
   * Renames, archives, unarchives or sets up again, changes the network, trust or setup of future runs, or resumes the queue.
   * @throws ProblemError session_busy, session_not_ready, session_archived, session_not_failed, disk_quota_exceeded,
   *   workspace_removed, precondition_failed
   */
  async update(ctx: RequestContext, id: string, body: UpdateSession, ifMatch?: string): Promise<Session> {
    const { title, network, trust_repository: trustRepository, setup, status, queue_held: queueHeld } = body;
    if (status === 'provisioning') await this.usage.refuseWhenFull(ctx);
    await this.sessions.change(ctx, id, async (tx, session) => {
      requireMatch(ifMatch, this.sessions.view(session));
      if (status === 'provisioning') await this.setUpAgain(ctx, tx, session);
      if (status === 'archived') await this.archive(tx, session);
      if (status === 'ready') await this.unarchive(tx, session);
      const set = {
        ...(title !== undefined && { title, titleGiven: true }),
        ...(network && { network }),
        ...(trustRepository !== undefined && { trustRepository }),
        ...(setup !== undefined && { setup }),
      };
      if (Object.keys(set).length > 0) await tx.of(SessionEntity).update({ id }, set);
      if (setup === null) await this.runs.cancelSetup(tx, session);
      await this.audit.recordIn(tx, ctx, {
        target: { name: session.title },
        changes: auditedChanges(session, body),
      });
      if (queueHeld === false) await this.runs.resumeQueue(tx, session);
      // Prompts that waited may start now, or every waiting run has to end.
      if (status !== undefined || setup !== undefined || queueHeld !== undefined)
        tx.afterCommit(() => this.runs.kick({ tenantId: ctx.tenantId, sessionId: id }));
    });
    return this.read(ctx, id);
  }

  /** Archives the session if nothing has happened in it since `before` and nothing is about to. */
  async archiveIdle(ctx: RequestContext, id: string, before: Date): Promise<void> {
    await this.sessions.changeIfThere(ctx, id, async (tx, session) => {
      const isIdle = session.updatedAt < before && session.activeRunId === null && session.queuedRuns === 0;
      if (!isIdle || session.deletedAt || session.status === 'archived') return;
      await this.archive(tx, session);
      const target = { kind: 'session', id, name: session.title } as const;
      await this.auditLog.record(tx, systemEntry(ctx, 'session.archived', target));
    });
  }

  /** Deletes the session and everything in it. A running run is cancelled first. @throws ProblemError precondition_failed */
  async remove(ctx: RequestContext, id: string, ifMatch?: string): Promise<void> {
    const ref = { tenantId: ctx.tenantId, sessionId: id };
    await this.sessions.change(ctx, id, async (tx, session) => {
      requireMatch(ifMatch, this.sessions.view(session));
      await tx.of(SessionEntity).update({ id }, { deletedAt: new Date() });
      await this.audit.recordIn(tx, ctx, { target: { name: session.title } });
      tx.afterCommit(() => this.runs.kick(ref));
    });
    await waitAtMost(WAIT_MS.remove, this.reconciler.interrupt(ref));
  }

  private async insert(ctx: RequestContext, body: CreateSession): Promise<SessionEntity> {
    if (body.ref !== undefined && body.repo_url === undefined) {
      throw new ProblemError(
        'ref_invalid',
        'A ref needs a repo_url, since an empty repository has no branches.',
      );
    }
    const asked = { repoUrl: body.repo_url ?? null, ref: body.ref ?? null };
    const { repoUrl, ref } = await this.clones.checkSource(asked);
    const now = new Date();
    const row = {
      id: ctx.idempotentId ?? uuidV7(),
      createdBy: actorId(ctx.actor),
      title: body.title ?? titleFromRepository(repoUrl),
      titleGiven: body.title !== undefined,
      repoUrl,
      ref,
      model: body.model ?? null,
      network: body.network ?? NETWORK_OFF,
      trustRepository: body.trust_repository ?? false,
      setup: body.setup ?? null,
      status: 'provisioning' as const,
      createdAt: now,
      updatedAt: now,
    };
    return this.sessions.insert(ctx, row, async (tx, session) => {
      await this.audit.recordIn(tx, ctx, { target: { id: session.id, name: session.title } });
      await this.runs.queueSetup(ctx, tx, session);
    });
  }

  /** Clones a failed session once more. Does nothing while it is being set up. */
  private async setUpAgain(
    ctx: RequestContext,
    tx: TenantTransaction,
    session: SessionEntity,
  ): Promise<void> {
    if (session.status === 'provisioning') return;
    if (session.status === 'archived')
      throw new ProblemError('session_archived', 'Unarchive it first, then set it up again.');
    const again = { failureCode: null, failureDetail: null, baseCommit: null, baseTree: null };
    if (!(await this.sessions.transition(tx, session, 'provisioning', again)))
      throw new ProblemError('session_not_failed', 'It is set up. Send a prompt.');
    await this.runs.queueSetup(ctx, tx, session);
    tx.afterCommit(() => void this.reconciler.kick({ tenantId: ctx.tenantId, sessionId: session.id }));
  }

  /** Cancels waiting runs. Does nothing if the session is archived already. */
  private async archive(tx: TenantTransaction, session: SessionEntity): Promise<void> {
    if (session.status === 'archived') return;
    await this.runs.refuseWhenBusy(tx, session);
    if (
      !(await this.sessions.transition(tx, session, 'archived', {
        updatedAt: session.updatedAt,
        archivedAt: new Date(),
      }))
    ) {
      throw new ProblemError('session_not_ready', 'Wait until the session is set up, or delete it.');
    }
  }

  /**
   * Gives an archived session the status that it had before. Does nothing if the session is not archived. Counts as
   * activity, so that an idle session is not archived again at once. A failed session has no files that could be missing.
   */
  private async unarchive(tx: TenantTransaction, session: SessionEntity): Promise<void> {
    if (session.status !== 'archived') return;
    const to = session.failureCode === null ? 'ready' : 'failed';
    if (to === 'ready' && session.workspaceRemovedAt !== null) {
      throw new ProblemError(
        'workspace_removed',
        'Its conversation stays readable. Start a new session to continue.',
      );
    }
    await this.sessions.transition(tx, session, to, { archivedAt: null, workspaceRemovedAt: null });
  }
}

/** What the audit log says of a change. A script may hold secrets, so of the setup it says only whether there is one. */
function auditedChanges(session: SessionEntity, body: UpdateSession): AuditChanges {
  const { title, status, network, trust_repository: trust, queue_held: held, setup } = body;
  const script = (value: object | null) => (value === null ? null : 'a script');
  return {
    ...(title !== undefined && { title: { old: session.title, new: title } }),
    ...(status !== undefined && { status: { old: session.status, new: status } }),
    ...(network !== undefined && { network: { old: session.network, new: network } }),
    ...(trust !== undefined && { trust_repository: { old: session.trustRepository, new: trust } }),
    ...(held !== undefined && { queue_held: { old: session.queueHeld, new: held } }),
    ...(setup !== undefined && {
      setup: { old: script(session.setup), new: setup && (session.setup ? 'another script' : 'a script') },
    }),
  };
}
