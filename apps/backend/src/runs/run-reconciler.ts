import { Injectable, Logger } from '@nestjs/common';
import type { RunKind } from '@saas-codex/contracts/runs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';
import { isMoving, type SessionEntity, type SessionRef } from '../sessions/session.entity.js';
import { Reconciler, type ReconcileResult } from '../reconcile/reconciler.js';
import { SessionStore } from '../sessions/session-store.js';
import { type RequestContext, systemContext } from '../identity/request-context.js';
import { nextToStart } from './queue-order.js';
import { RunApprovals } from './run-approvals.js';
import { RunDispatch, SecretsDeleted } from './run-dispatch.js';
import type { RunEntity } from './run.entity.js';
import { RunScan } from './run-scan.js';
import { type Ending, endingOf, RunSettling } from './run-settling.js';
import { isInFlight, RunStore } from './run-store.js';
import { SteerDelivery } from './steers/steer-delivery.js';
import { WarmStart } from './warm-start.js';

/** Sessions whose runs are worked on at the same time. A checkpoint of a hostile work tree may take minutes. */
const PLACES = { total: 64, perTenant: 8 };

/**
 * Works on the runs of a session, in this order:
 *
 *     queued, but will never start (cancelled, session failed, archived or deleted) ── end it here
 *     the runner has one ── follow its log; hand it over again if unsure; cancel it if that was asked for
 *     the runner has none ── claim and hand over the next one; prompts wait until the session's setup has
 *                                     succeeded, and held ones until a person resumes the queue
 *     none is open ── have the next one prepared
 *
 * Two backends may do this for one session at the same time: every step is a compare-and-set or may be repeated.
 */
@Injectable()
export class RunReconciler extends Reconciler<SessionRef> {
  private readonly logger = new Logger(RunReconciler.name);

  constructor(
    private readonly runScan: RunScan,
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly settling: RunSettling,
    private readonly dispatch: RunDispatch,
    private readonly approvals: RunApprovals,
    private readonly runner: RunnerClient,
    private readonly steers: SteerDelivery,
    private readonly warmStart: WarmStart,
  ) {
    super({
      keyOf: ({ sessionId }) => sessionId,
      tenantOf: ({ tenantId }) => tenantId,
      places: PLACES,
    });
  }

  protected async *scan() {
    yield await this.runScan.due();
  }

  protected async reconcile({ tenantId, sessionId }: SessionRef): Promise<ReconcileResult> {
    const ctx = systemContext('runs', tenantId);
    try {
      const session = await this.sessions.find(ctx, sessionId);
      return session ? await this.step(ctx, session) : 'done';
    } catch (error) {
      if (!(error instanceof RunnerUnavailable)) throw error;
      this.logger.warn(`The runs of session ${sessionId} wait for the runner: ${error.message}`);
      return 'retry';
    }
  }

  private async step(ctx: RequestContext, session: SessionEntity): Promise<ReconcileResult> {
    const open = await this.runs.open(ctx, session.id);
    const waiting: RunEntity[] = [];
    for (const run of open.filter((run) => !isInFlight(run))) {
      const ending = endingOf(session, run);
      if (ending) await this.settling.close(ctx, run, ending);
      else waiting.push(run);
    }
    if (open.length === 0) this.warmStart.prepare(ctx, session);
    const inFlight = open.find(isInFlight);
    if (inFlight) return this.follow(ctx, session, inFlight);
    // Whoever moves it kicks again.
    if (isMoving(session)) return 'done';
    const next = nextToStart(session, waiting);
    if (!next || session.status !== 'ready' || (await this.dispatch.isFull(ctx, next))) return 'done';
    return this.startNext(ctx, session, next);
  }

  private async startNext(
    ctx: RequestContext,
    session: SessionEntity,
    run: RunEntity,
  ): Promise<ReconcileResult> {
    try {
      return (await this.dispatch.claim(ctx, session, run)) ? 'more' : 'retry';
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      // Its workspace cannot be read, and waiting would not help.
      await this.settling.close(ctx, run, { type: 'run.failed', reason: error.detail });
      return 'more';
    }
  }

  /** For a run that the runner has or may have, since the answer to an earlier call may have been lost. */
  private async follow(
    ctx: RequestContext,
    session: SessionEntity,
    run: RunEntity,
  ): Promise<ReconcileResult> {
    await this.approvals.readLog(ctx, run);
    const standing = await this.settling.catchUp(ctx, run);
    if (standing === 'ended') return this.passPlaceOn(ctx);
    const refused =
      standing === 'silent' && run.status === 'queued' && (await this.handOver(ctx, session, run));
    if (refused) {
      await this.settling.close(ctx, run, { type: 'run.failed', reason: refused });
      return 'more';
    }
    if (run.cancelRequestedAt || session.deletedAt) await this.cancel(run);
    else await this.steers.deliver(ctx, run);
    if (standing === 'running' && (await this.approvals.follow(ctx, run))) await this.passPlaceOn(ctx);
    if (await this.runner.isHeld(run.id)) return 'done';
    await this.approvals.readLog(ctx, run);
    if ((await this.settling.catchUp(ctx, run)) === 'ended') return 'more';
    // No runner has it any more, and it may have started. So it is closed and never handed over again. A runner that
    // still works on it gets a cancel, and finds the log closed.
    await this.cancel(run);
    await this.settling.close(ctx, run, lost(run));
    return 'more';
  }

  /** A run has left the runners. Another session of the tenant may have waited for its place. */
  private async passPlaceOn(ctx: RequestContext): Promise<ReconcileResult> {
    const next = await this.runs.longestWaiting(ctx);
    if (next) void this.kick(next);
    return 'more';
  }

  /** @returns why the run cannot start, for the person who prompted; null: a runner has it */
  private async handOver(
    ctx: RequestContext,
    session: SessionEntity,
    run: RunEntity,
  ): Promise<string | null> {
    if (session.threadId === null)
      throw new Error(`session ${session.id} has a run in flight, but no thread`);
    try {
      await this.dispatch.handOver(ctx, session, session.threadId, run);
      return null;
    } catch (error) {
      if (error instanceof RunnerRefused) return reasonOf(error);
      if (error instanceof SecretsDeleted) return deletedReason(error);
      // What it is about can no longer be read, and waiting would not help.
      if (error instanceof ProblemError) return error.detail;
      throw error;
    }
  }

  private async cancel(run: RunEntity): Promise<void> {
    try {
      await this.runner.cancelRun(run.id);
    } catch (error) {
      // The runner does not know it, or it has ended. Its log says which, and is read again.
      if (!(error instanceof RunnerRefused)) throw error;
    }
  }
}

/** Its runner died before it could close the log, or Redis came back without the log, say after a power cut. */
const lost = ({ kind }: RunEntity): Ending => ({
  type: 'run.interrupted',
  reason: `The runner working on this was lost. ${TRY_AGAIN[kind]}`,
});

const TRY_AGAIN: Record<RunKind, string> = {
  prompt: 'Send a prompt to continue from here.',
  setup: 'Run the setup again.',
  review: 'Start the review again.',
  compact: 'Compact the conversation again.',
  check: 'Nothing is proven. Run the checks again.',
  edit: 'The files are as they were before. Make the change again.',
  proposal: 'Ask for a proposal again, or write the message yourself.',
};

/** In words for the person who prompted; the runner's own are meant for us. */
function reasonOf({ code, detail }: RunnerRefused): string {
  switch (code) {
    case 'thread_not_found':
      return "The session's folder is lost. Make a new session.";
    // A backend asks for what it knows. So the runner is of an earlier version, which does not know it.
    case 'invalid_request':
      return `The runners are of an earlier version than the backend, and do not know this yet. Try again once they are updated. (${detail})`;
    default:
      return detail;
  }
}

const deletedReason = ({ names }: SecretsDeleted) =>
  `The secret ${names.join(', ')} no longer exists. Save it again in Settings → Secrets, or take it out of the session’s environment.`;
