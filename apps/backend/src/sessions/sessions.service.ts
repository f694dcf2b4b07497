import { Injectable } from '@nestjs/common';
import {
  type CreateSession,
  MAX_TITLE_LENGTH,
  type Session,
  type SessionPage,
  type SessionsQuery,
  type SessionVisibility,
  type UpdateSession,
} from '@saas-codex/contracts/sessions';
import { NETWORK_OFF } from '@saas-codex/contracts/network';
import { requireMatch } from '@saas-codex/service-kit/http/entity-tag';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v7 as uuidV7 } from 'uuid';
import type { TenantTransaction } from '../database/tenant-database.js';
import { systemEntry, AuditLog } from '../audit/audit-log.js';
import { RequestAudit } from '../audit/request-audit.js';
import { actorId } from '../identity/actor.js';
import { mayOversee, overseeing } from '../identity/overseeing.js';
import { isByLink, type RequestContext } from '../identity/request-context.js';
import { MembersService } from '../members/members.service.js';
import { waitAtMost } from '../reconcile/wait-at-most.js';
import { SecretStore } from '../secrets/secret-store.js';
import { ModelsService } from '../usage/models.service.js';
import { UsageService } from '../usage/usage.service.js';
import { Clones } from '../workspaces/clones/clones.js';
import { RunsPort } from './runs-port.js';
import { auditedChanges, auditedTitle } from './session-audit.js';
import { EngineSupport } from './engine-support.js';
import { type ForkedFrom, SessionEntity } from './session.entity.js';
import { SessionReads } from './session-reads.js';
import { SessionReconciler } from './session-reconciler.js';
import { SessionStore } from './session-store.js';
import { ownerOf, toSharedSession } from './session-view.js';
import { titleFromRepository } from './session-title.js';

/** How long a response waits for the work behind it. On timeout the work continues. */
const WAIT_MS = { create: 30_000, remove: 10_000 };

/** Who sees a session, and whose it is; undefined: as it is. */
interface Access {
  visibility: SessionVisibility | undefined;
  ownerId: string | undefined;
}

/** At the end of a fork's title. */
const FORK = ' (fork)';

type NewSession = Pick<
  SessionEntity,
  'title' | 'titleGiven' | 'repoUrl' | 'ref' | 'include' | 'model' | 'reasoningEffort'
> &
  Pick<SessionEntity, 'network' | 'trustRepository' | 'approvalMode' | 'secrets' | 'setup' | 'visibility'> &
  Partial<Pick<SessionEntity, 'forkedFrom'>>;

@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly reconciler: SessionReconciler,
    private readonly runs: RunsPort,
    private readonly clones: Clones,
    private readonly usage: UsageService,
    private readonly models: ModelsService,
    private readonly secrets: SecretStore,
    private readonly members: MembersService,
    private readonly engine: EngineSupport,
    private readonly audit: RequestAudit,
    private readonly auditLog: AuditLog,
    private readonly reads: SessionReads,
  ) {}

  /**
   * Creates a session and waits until it is set up, 30 s at most.
   * @param respondAsync do not wait
   * @throws ProblemError disk_quota_exceeded, model_not_allowed, secret_unknown, approvals_unsupported, runner_unavailable; a 400 for the address or the ref; while waiting, the code of a failed setup
   */
  async create(ctx: RequestContext, body: CreateSession, respondAsync = false): Promise<Session> {
    await this.usage.refuseWhenFull(ctx);
    await this.models.requireAllowed(ctx, body.model ?? null);
    await this.engine.requireApprovals(body.approval_mode ?? 'never');
    const session = await this.insert(ctx, body);
    const settled = this.reconciler.kick({ tenantId: ctx.tenantId, sessionId: session.id });
    if (respondAsync) return this.sessions.view(session);
    await waitAtMost(WAIT_MS.create, settled);
    const now = await this.sessions.get(ctx, session.id);
    if (now.failureCode !== null) throw new ProblemError(now.failureCode, now.failureDetail ?? '');
    return this.sessions.view(now);
  }

  /**
   * Creates a session that continues another one, with its settings. It does not wait until it is set up.
   * @throws ProblemError disk_quota_exceeded, model_not_allowed, secret_unknown
   */
  async createFork(
    ctx: RequestContext,
    source: SessionEntity,
    forkedFrom: ForkedFrom,
  ): Promise<SessionEntity> {
    await this.usage.refuseWhenFull(ctx);
    await this.models.requireAllowed(ctx, source.model);
    await this.refuseUnknownSecrets(ctx, source.secrets);
    const session = await this.insertRow(ctx, {
      title: `${source.title.slice(0, MAX_TITLE_LENGTH - FORK.length)}${FORK}`,
      titleGiven: true,
      forkedFrom,
      repoUrl: source.repoUrl,
      ref: source.ref,
      // A fork asks no remote.
      include: [],
      model: source.model,
      reasoningEffort: source.reasoningEffort,
      network: source.network,
      trustRepository: source.trustRepository,
      approvalMode: source.approvalMode,
      secrets: source.secrets,
      setup: source.setup,
      visibility: source.visibility,
    });
    void this.reconciler.kick({ tenantId: ctx.tenantId, sessionId: session.id });
    return session;
  }

  list(ctx: RequestContext, query: SessionsQuery): Promise<SessionPage> {
    return this.sessions.list(ctx, query);
  }

  /** Those who may stop and delete a private session of another person see that it exists. */
  async read(ctx: RequestContext, id: string): Promise<Session> {
    if (isByLink(ctx)) return toSharedSession(this.sessions.view(await this.sessions.get(ctx, id)));
    return this.sessions.viewFor(ctx, await this.sessions.get(overseeing(ctx), id));
  }

  /**
   * Renames, archives, unarchives or sets up again, changes the network, trust, approvals, secrets or setup of future runs, resumes the queue, changes
   * who sees the session, or hands it over.
   * @throws ProblemError session_busy, session_not_ready, session_archived, session_not_failed, disk_quota_exceeded,
   *   workspace_removed, secret_unknown, precondition_failed, member_not_found, invalid_request,
   *   approvals_unsupported, runner_unavailable, forbidden
   */
  async update(ctx: RequestContext, id: string, body: UpdateSession, ifMatch?: string): Promise<Session> {
    const {
      title,
      network,
      trust_repository: trustRepository,
      approval_mode: approvalMode,
      secrets,
      setup,
      status,
      queue_held: queueHeld,
      visibility,
      owner_id: ownerId,
    } = body;
    if (status === 'provisioning') await this.usage.refuseWhenFull(ctx);
    if (secrets) await this.refuseUnknownSecrets(ctx, secrets);
    if (approvalMode) await this.engine.requireApprovals(approvalMode);
    if (ownerId !== undefined) await this.members.requireWriter(ctx, ownerId);
    await this.sessions.change(ctx, id, async (tx, session) => {
      requireMatch(ifMatch, this.sessions.view(session));
      this.checkAccess(ctx, session, { visibility, ownerId });
      if (status === 'provisioning') await this.setUpAgain(ctx, tx, session);
      if (status === 'archived') await this.archive(tx, session);
      if (status === 'ready') await this.unarchive(tx, session);
      const set = {
        ...(title !== undefined && { title, titleGiven: true }),
        ...(network && { network }),
        ...(trustRepository !== undefined && { trustRepository }),
        ...(approvalMode && { approvalMode }),
        ...(secrets && { secrets }),
        ...(setup !== undefined && { setup }),
        ...(visibility !== undefined && { visibility }),
      };
      if (Object.keys(set).length > 0) await tx.of(SessionEntity).update({ id }, set);
      if (setup === null) await this.runs.cancelSetup(ctx, tx, session);
      await this.audit.recordIn(tx, ctx, {
        target: { name: auditedTitle(session) },
        changes: auditedChanges(session, body),
      });
      if (queueHeld === false) await this.runs.resumeQueue(tx, session);
      // The last statement: a private session is then out of its former owner's reach.
      if (ownerId !== undefined) await tx.of(SessionEntity).update({ id }, { ownerId });
      // Prompts that waited may start now, or every waiting run has to end.
      if (status !== undefined || setup !== undefined || queueHeld !== undefined)
        tx.afterCommit(() => this.runs.kick({ tenantId: ctx.tenantId, sessionId: id }));
    });
    // Who has given a private session away sees no more of it than that it exists.
    return this.sessions.viewFor(ctx, await this.sessions.get({ ...ctx, readerId: undefined }, id));
  }

  /** Archives the session if nothing has happened in it since `before` and nothing is about to. */
  async archiveIdle(ctx: RequestContext, id: string, before: Date): Promise<void> {
    await this.sessions.changeIfThere(ctx, id, async (tx, session) => {
      const isIdle = session.updatedAt < before && session.activeRunId === null && session.queuedRuns === 0;
      if (!isIdle || session.deletedAt || session.status === 'archived') return;
      await this.archive(tx, session);
      const target = { kind: 'session', id, name: auditedTitle(session) } as const;
      await this.auditLog.record(tx, systemEntry(ctx, 'session.archived', target));
    });
  }

  /** Deletes the session and everything in it. A running run is cancelled first. @throws ProblemError precondition_failed */
  async remove(ctx: RequestContext, id: string, ifMatch?: string): Promise<void> {
    const ref = { tenantId: ctx.tenantId, sessionId: id };
    await this.sessions.change(overseeing(ctx), id, async (tx, session) => {
      requireMatch(ifMatch, this.sessions.viewFor(ctx, session));
      await tx.of(SessionEntity).update({ id }, { deletedAt: new Date() });
      await this.audit.recordIn(tx, ctx, { target: { name: auditedTitle(session) } });
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
    if (body.secrets) await this.refuseUnknownSecrets(ctx, body.secrets);
    const asked = { repoUrl: body.repo_url ?? null, ref: body.ref ?? null };
    const { repoUrl, ref } = await this.clones.checkSource(asked);
    return this.insertRow(ctx, {
      title: body.title ?? titleFromRepository(repoUrl),
      titleGiven: body.title !== undefined,
      repoUrl,
      ref,
      include: [...new Set(body.include)],
      model: body.model ?? null,
      reasoningEffort: body.reasoning_effort ?? null,
      network: body.network ?? NETWORK_OFF,
      trustRepository: body.trust_repository ?? false,
      approvalMode: body.approval_mode ?? 'never',
      secrets: body.secrets ?? [],
      setup: body.setup ?? null,
      visibility: body.visibility ?? 'tenant',
    });
  }

  private async insertRow(ctx: RequestContext, settings: NewSession): Promise<SessionEntity> {
    const now = new Date();
    const row = {
      ...settings,
      id: ctx.idempotentId ?? uuidV7(),
      createdBy: actorId(ctx.actor),
      status: 'provisioning' as const,
      createdAt: now,
      newsAt: now,
      updatedAt: now,
    };
    let isNew = false;
    const inserted = await this.sessions.insert(ctx, row, async (tx, session) => {
      isNew = true;
      await this.audit.recordIn(tx, ctx, { target: { id: session.id, name: auditedTitle(session) } });
      await this.reads.follow(tx, ctx, session.id);
      await this.runs.queueSetup(ctx, tx, session);
    });
    if (!isNew) this.audit.recordedBefore(ctx);
    return inserted;
  }

  private async refuseUnknownSecrets(ctx: RequestContext, names: string[]): Promise<void> {
    const missing = await this.secrets.missing(ctx, names);
    if (missing.length > 0)
      throw new ProblemError(
        'secret_unknown',
        `There is no ${missing.join(', ')}. Save it in Settings → Secrets first, or leave it out.`,
      );
  }

  /**
   * Whether the actor may change who sees the session and whose it is. A stream of a run that others have opened ends with the run,
   * so no run may be open when they may not read it any more.
   * @throws ProblemError forbidden, session_busy
   */
  private checkAccess(ctx: RequestContext, session: SessionEntity, to: Access): void {
    const isOwner = ownerOf(session) === actorId(ctx.actor);
    const { visibility = session.visibility, ownerId = ownerOf(session) } = to;
    const [isShown, isHandedOver] = [visibility !== session.visibility, ownerId !== ownerOf(session)];
    if (isShown && !isOwner)
      throw new ProblemError('forbidden', 'Ask the owner of the session to change who sees it.');
    if (isHandedOver && !isOwner && !mayOversee(ctx.actor))
      throw new ProblemError('forbidden', 'Ask the owner of the session, or an admin, to hand it over.');
    const isHidden = visibility !== 'tenant' && (isShown || isHandedOver);
    if (isHidden && (session.activeRunId !== null || session.queuedRuns > 0))
      throw new ProblemError('session_busy', 'Cancel its runs, or wait until they have ended.');
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
