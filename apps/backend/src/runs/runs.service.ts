import { Injectable } from '@nestjs/common';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import {
  type CancelRunQuery,
  isInConversation,
  type PromptSession,
  type Run,
  type RunInput,
  type RunInputOf,
  type RunKind,
  type RunPage,
  type RunsQuery,
  type StartReview,
} from '@saas-codex/contracts/runs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { In, IsNull, Not } from 'typeorm';
import type { TenantTransaction } from '../database/tenant-database.js';
import { RequestAudit } from '../audit/request-audit.js';
import { actorId } from '../identity/actor.js';
import { overseeing } from '../identity/overseeing.js';
import { isByLink, type RequestContext } from '../identity/request-context.js';
import { ImagesService } from '../images/images.service.js';
import { auditedTitle } from '../sessions/session-audit.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import { waitAtMost } from '../reconcile/wait-at-most.js';
import { ModelsService } from '../usage/models.service.js';
import { holdQueue } from './queue-hold.js';
import { RequiredCapability } from './required-capability.js';
import { requireWaiting } from './run-queue.js';
import { cancelledBy, RunEntity } from './run.entity.js';
import { RunLimits } from './run-limits.js';
import { RunMoves } from './run-moves.js';
import { RunQueueing } from './run-queueing.js';
import { RunReconciler } from './run-reconciler.js';
import { RunSettling } from './run-settling.js';
import { baseBeforeIn, isEnded, isInFlight, OPEN, RunStore } from './run-store.js';
import { requireAcceptsRuns } from './session-refusals.js';
import { toRunOutline, toRunWithResult, toSharedRun } from './run-view.js';

/**
 * How long a response waits for work that is usually quick: a read waits until the row has caught up with the run's log, a
 * cancel until a run that had not started has ended.
 */
const WAIT_MS = { read: 1_000, cancel: 2_000 };

/** Runs that are part of Codex's conversation. */
const CONVERSATION: RunKind[] = ['prompt', 'review'];
const CANNOT_ASK =
  "Codex's reviewer runs commands without asking, and this session asks first. Change its approvals, then start the review.";
const NO_BASE = 'It is still being set up. Try again when it is ready.';

@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunStore,
    private readonly settling: RunSettling,
    private readonly reconciler: RunReconciler,
    private readonly queueing: RunQueueing,
    private readonly moves: RunMoves,
    private readonly audit: RequestAudit,
    private readonly limits: RunLimits,
    private readonly models: ModelsService,
    private readonly images: ImagesService,
    private readonly capability: RequiredCapability,
  ) {}

  /**
   * Adds a prompt to the session's queue.
   * @throws ProblemError session_failed, session_archived, model_not_allowed, limit_reached, image_not_found, too_many_images
   */
  prompt(ctx: RequestContext, sessionId: string, body: PromptSession): Promise<Run> {
    return this.queue(ctx, sessionId, async (tx, session) => {
      const model = await this.modelIn(tx, session, body);
      const images = await this.images.useIn(tx, sessionId, body.images ?? []);
      return { kind: 'prompt', prompt: body.prompt, ...model, ...(images.length > 0 && { images }) };
    });
  }

  /**
   * Adds a prompt whose text is made in the transaction that queues it.
   * @param make returns the text, and what else this transaction does once the run is there
   * @throws ProblemError as `prompt`
   */
  promptWith(
    ctx: RequestContext,
    sessionId: string,
    make: (tx: TenantTransaction) => Promise<{ prompt: string; queued: (run: RunEntity) => Promise<void> }>,
  ): Promise<Run> {
    let whenQueued: ((run: RunEntity) => Promise<void>) | undefined;
    return this.queue(
      ctx,
      sessionId,
      async (tx, session) => {
        const { prompt, queued } = await make(tx);
        whenQueued = queued;
        return { kind: 'prompt', prompt, ...(await this.modelIn(tx, session)) };
      },
      async (run) => whenQueued?.(run),
    );
  }

  /**
   * Queues a review.
   * @throws ProblemError not_supported_by_engine, review_cannot_ask, base_missing, session_failed, session_archived, model_not_allowed, limit_reached
   */
  async review(ctx: RequestContext, sessionId: string, { target }: StartReview): Promise<Run> {
    await this.capability.require('reviews');
    return this.queue(ctx, sessionId, async (tx, session) => {
      if (session.approvalMode === 'ask') throw new ProblemError('review_cannot_ask', CANNOT_ASK);
      const model = await this.modelIn(tx, session);
      if (target.type !== 'base') return { kind: 'review', target, ...model };
      // The agent's own repository has the commit that it was cloned at, and none that an update has brought.
      const cloned = await baseBeforeIn(tx, session, { dispatchedAt: null });
      if (cloned === null) throw new ProblemError('base_missing', NO_BASE);
      return { kind: 'review', target: { ...target, commit: cloned.commit }, ...model };
    });
  }

  /**
   * Queues a run in which Codex replaces its conversation by a summary.
   * @throws ProblemError not_supported_by_engine, nothing_to_compact, session_failed, session_archived, model_not_allowed, limit_reached
   */
  async compact(ctx: RequestContext, sessionId: string): Promise<Run> {
    await this.capability.require('compact');
    return this.queue(ctx, sessionId, async (tx, session) => {
      const conversed = { sessionId, kind: In(CONVERSATION) };
      const runs = await tx.of(RunEntity).count([
        { ...conversed, startedAt: Not(IsNull()) },
        { ...conversed, status: OPEN },
      ]);
      if (runs === 0) throw new ProblemError('nothing_to_compact', 'Send a prompt first.');
      return { kind: 'compact', ...(await this.modelIn(tx, session)) };
    });
  }

  /**
   * Queues a person's own change of the files. @param inputOf returns it; not called when the same request has queued it before
   * @throws ProblemError session_failed, session_archived, limit_reached
   */
  async edit(
    ctx: RequestContext,
    sessionId: string,
    inputOf: () => Promise<RunInputOf<'edit'>>,
  ): Promise<Run> {
    const input = await this.unlessMade(ctx, inputOf);
    return this.queue(ctx, sessionId, async () => {
      if (input === null) throw new ProblemError('run_not_found', 'It was deleted. Make the change again.');
      return input;
    });
  }

  /**
   * Queues a proposal of a commit's message. @param changeOf returns what it is about; not called when the same request has queued
   * it before
   * @throws ProblemError session_failed, session_archived, model_not_allowed, limit_reached
   */
  async propose(
    ctx: RequestContext,
    sessionId: string,
    changeOf: () => Promise<RunInputOf<'proposal'>['change']>,
  ): Promise<Run> {
    const change = await this.unlessMade(ctx, changeOf);
    return this.queue(ctx, sessionId, async (tx, session) => {
      if (change === null) throw new ProblemError('run_not_found', 'It was deleted. Ask for it again.');
      return { kind: 'proposal', change, ...(await this.modelIn(tx, session)) };
    });
  }

  /** git works without the lock of the session's row. @returns null when an earlier attempt of the same request has queued a run */
  private async unlessMade<T>(ctx: RequestContext, work: () => Promise<T>): Promise<T | null> {
    const { idempotentId: id } = ctx;
    const isMade = id !== undefined && (await this.runs.find(ctx, id)) !== null;
    return isMade ? null : work();
  }

  /**
   * The run when it has ended, or as it is when `signal` aborts.
   * @returns null when too many requests of the tenant wait already
   */
  waitForEnd(ctx: RequestContext, id: string, signal: AbortSignal): Promise<Run | null> {
    return this.moves.withPlace(ctx.tenantId, signal, async (over) => {
      for (;;) {
        const moved = this.moves.next(id, over);
        const run = await this.read(ctx, id);
        if (run.ended_at !== null || over.aborted) return run;
        await moved;
      }
    });
  }

  /**
   * Queues the session's setup script again; prompts wait until it has succeeded.
   * @throws ProblemError setup_missing, setup_in_progress, session_failed, session_archived
   */
  setup(ctx: RequestContext, sessionId: string): Promise<Run> {
    return this.queue(ctx, sessionId, async (tx, { setup }) => {
      if (setup === null) throw new ProblemError('setup_missing', 'Give the session a setup script first.');
      const open = await tx.of(RunEntity).count({ sessionId, kind: 'setup', status: OPEN });
      if (open > 0) {
        throw new ProblemError('setup_in_progress', 'Cancel its run first, or wait until it has ended.');
      }
      return { kind: 'setup', script: setup.script };
    });
  }

  /**
   * Queues a run of checks. Of the secrets that these name, they get those of the session.
   * @throws ProblemError checks_in_progress, session_failed, session_archived, limit_reached
   */
  check(ctx: RequestContext, sessionId: string, input: RunInputOf<'check'>): Promise<Run> {
    return this.queue(ctx, sessionId, async (tx, session) => {
      const open = await tx.of(RunEntity).count({ sessionId, kind: 'check', status: OPEN });
      if (open > 0) {
        throw new ProblemError('checks_in_progress', 'Cancel their run first, or wait until it has ended.');
      }
      return { ...input, secrets: session.secrets.filter((name) => input.secrets?.includes(name)) };
    });
  }

  async list(ctx: RequestContext, sessionId: string, query: PageQuery): Promise<RunPage> {
    const page = await this.runs.list(ctx, sessionId, query);
    return isByLink(ctx) ? { ...page, items: page.items.map(toSharedRun) } : page;
  }

  /** Runs of all sessions. @throws ProblemError invalid_cursor */
  listAll(ctx: RequestContext, query: RunsQuery): Promise<RunPage> {
    return this.runs.listAll(ctx, query);
  }

  /** A client that has seen the last of a run's events sees the run as ended here, too. */
  async read(ctx: RequestContext, id: string): Promise<Run> {
    const run = await this.runs.get(ctx, id);
    if (isEnded(run)) return this.withResult(ctx, run);
    await waitAtMost(WAIT_MS.read, this.settle(run));
    return this.withResult(ctx, await this.runs.get(ctx, id));
  }

  /**
   * Requests the run's end. A run that has not started is cancelled in the response. Stopping a prompt holds the session's
   * queue (see queue-hold.ts).
   * @returns without the content, when the session is private to another person
   * @throws ProblemError run_not_found, run_ended, run_not_queued
   */
  async cancel(ctx: RequestContext, id: string, { if_queued: ifQueued }: CancelRunQuery): Promise<Run> {
    const overseer = overseeing(ctx);
    const { sessionId } = await this.runs.get(overseer, id);
    await this.runs.change(overseer, sessionId, async (tx, session) => {
      const runs = tx.of(RunEntity);
      const run = await runs.findOne({ where: { id } });
      if (!run || isEnded(run)) throw new ProblemError('run_ended', 'There is nothing left to cancel.');
      if (ifQueued) requireWaiting(run);
      const asked = await runs.update({ id, cancelRequestedAt: IsNull() }, cancelledBy(ctx.actor));
      // A repeated request must not hold a queue that was resumed in between.
      if (asked > 0 && isInConversation(run.kind) && isInFlight(run)) await holdQueue(tx, sessionId);
      await this.audit.recordIn(tx, ctx, { target: { id, name: auditedTitle(session) } });
    });
    await waitAtMost(WAIT_MS.cancel, this.reconciler.kick({ tenantId: ctx.tenantId, sessionId }));
    const isVisible = (await this.runs.find(ctx, id)) !== null;
    return isVisible ? this.read(ctx, id) : toRunOutline(await this.runs.get(overseer, id));
  }

  /** Requests the end of every run of the tenant. Those that have not started end soon after. */
  async cancelAll(ctx: RequestContext): Promise<void> {
    const running = { status: OPEN, cancelRequestedAt: IsNull() };
    for (const sessionId of await this.runs.sessionsWith(ctx, running)) {
      await this.runs.changeIfThere(ctx, sessionId, (tx) =>
        tx.of(RunEntity).update({ sessionId, ...running }, cancelledBy(ctx.actor)),
      );
      void this.reconciler.kick({ tenantId: ctx.tenantId, sessionId });
    }
  }

  /** The model and effort of a run, by default those of the session. @throws ProblemError model_not_allowed */
  private async modelIn(
    tx: TenantTransaction,
    session: SessionEntity,
    asked: Pick<PromptSession, 'model' | 'reasoning_effort'> = {},
  ): Promise<Pick<RunInputOf<'prompt'>, 'model' | 'effort'>> {
    const model = asked.model ?? session.model;
    const effort = asked.reasoning_effort ?? session.reasoningEffort;
    await this.models.requireAllowedIn(tx, model);
    return { ...(model !== null && { model }), ...(effort !== null && { effort }) };
  }

  /** @param inputOf returns what to queue, or throws */
  private async queue(
    ctx: RequestContext,
    sessionId: string,
    inputOf: (tx: TenantTransaction, session: SessionEntity) => Promise<RunInput>,
    queued: (run: RunEntity) => Promise<void> = async () => undefined,
  ): Promise<Run> {
    const run = await this.runs.change(ctx, sessionId, async (tx, session) => {
      tx.afterCommit(() => this.reconciler.kick({ tenantId: ctx.tenantId, sessionId }));
      const made = await this.madeBefore(ctx, tx, session);
      if (made) {
        this.audit.recordedBefore(ctx);
        return made;
      }
      requireAcceptsRuns(session);
      const input = await inputOf(tx, session);
      await this.limits.requireRoomInQueue(tx, sessionId, actorId(ctx.actor));
      const run = await this.queueing.enqueue(ctx, tx, session, { id: ctx.idempotentId, input });
      await queued(run);
      await this.audit.recordIn(tx, ctx, { target: { id: run.id, name: auditedTitle(session) } });
      return run;
    });
    return this.withResult(ctx, run);
  }

  private async withResult(ctx: RequestContext, run: RunEntity): Promise<Run> {
    const view = toRunWithResult(run, isEnded(run) ? await this.runs.finalMessage(ctx, run.id) : null);
    return isByLink(ctx) ? toSharedRun(view) : view;
  }

  /** Records the end of a run whose log has ended. If Redis is down, no client can have seen that end, so the row will do. */
  private async settle(run: RunEntity): Promise<void> {
    const ended = await this.settling.hasEnded(run.id).catch(() => false);
    if (ended) await this.reconciler.kick({ tenantId: run.tenantId, sessionId: run.sessionId });
  }

  /** The run that an earlier attempt of the same request has queued. */
  private async madeBefore(
    { idempotentId: id }: RequestContext,
    tx: TenantTransaction,
    { id: sessionId }: SessionEntity,
  ): Promise<RunEntity | null> {
    return id === undefined ? null : tx.of(RunEntity).findOne({ where: { id, sessionId } });
  }
}
