import { Injectable, Logger } from '@nestjs/common';
import type { SessionProgressActivity } from '@saas-codex/contracts/activity';
import { isProblemCode, type ProblemCode } from '@saas-codex/contracts/problems';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { isStoreOutage } from '@saas-codex/service-kit/store-outage';
import { RepositoryAccess } from '../credentials/repository-access.js';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';
import type { RequestContext } from '../identity/request-context.js';
import type { ReconcileResult } from '../reconcile/reconciler.js';
import { UsageService } from '../usage/usage.service.js';
import { Clones, type OnCloneProgress } from '../workspaces/clones/clones.js';
import { Storage } from '../workspaces/storage/storage.js';
import { ForkProvisioning } from './fork-provisioning.js';
import { ActivityPublisher } from './activity-publisher.js';
import { IncludedParts } from './included-parts.js';
import type { SessionEntity } from './session.entity.js';
import { SessionStore } from './session-store.js';
import { ownerOf } from './session-view.js';

type Phase = SessionProgressActivity['phase'];

/** How long a new session waits for an unavailable runner. */
const RUNNER_TIMEOUT_MS = 120_000;
/** Progress within a phase is published in steps of this many percent. */
const PROGRESS_STEP = 5;

/**
 * Sets a session up:
 *
 *     provisioning ── clone ── base recorded ── thread opened ──► ready
 *                       └───────────┴─────────────────┴─────────► failed, with a code and what to do
 *
 * A fork also gets the files and the conversation of the session that it continues (ForkProvisioning).
 *
 * Each step is recorded before the next one starts, so a later attempt (after a crash, or on another backend) continues
 * after the last step that was completed.
 */
@Injectable()
export class Provisioning {
  private readonly logger = new Logger(Provisioning.name);
  /** When a session began to wait for the runner, in ms since 1970. In memory only: a restart starts the time anew. */
  private readonly waitingSince = new Map<string, number>();

  constructor(
    private readonly sessions: SessionStore,
    private readonly access: RepositoryAccess,
    private readonly clones: Clones,
    private readonly parts: IncludedParts,
    private readonly storage: Storage,
    private readonly runner: RunnerClient,
    private readonly activity: ActivityPublisher,
    private readonly usage: UsageService,
    private readonly forks: ForkProvisioning,
  ) {}

  /**
   * @param signal cancels it and leaves the session `provisioning`
   * @returns `done` when the session is set up or has failed
   */
  async provision(
    ctx: RequestContext,
    session: SessionEntity,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const publish = this.progressOf(session);
    try {
      const baseTree = session.baseTree ?? (await this.clone(ctx, session, publish, signal));
      if (!this.waitingSince.has(session.id)) publish('opening_thread', null);
      const threadId = await this.openThread(session);
      if (threadId === null) return 'retry';
      const { forkedFrom } = session;
      const continued =
        forkedFrom && (await this.forks.continueFork(ctx, session.id, { forkedFrom, baseTree }));
      if (forkedFrom !== null && continued === null) return 'retry';
      await this.settle(ctx, session, 'ready', { threadId, ...continued });
    } catch (error) {
      if (signal.aborted || isStoreOutage(error)) return 'retry';
      await this.fail(ctx, session, error);
    }
    return 'done';
  }

  private async clone(
    ctx: RequestContext,
    session: SessionEntity,
    publish: (phase: Phase, percent: number | null) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const { repoUrl, ref, forkedFrom } = session;
    const maxBytes = await this.usage.bytesLeft(ctx);
    const onProgress: OnCloneProgress = ({ phase, percent }) => publish(phase, percent);
    const fork = forkedFrom && (await this.forks.sourceOf(ctx, forkedFrom));
    const base = fork
      ? await this.clones.forkWorkspace(session.id, { ...fork, maxBytes }, onProgress, signal)
      : await this.access.withAccess(ctx, ownerOf(session), repoUrl, (credential) => {
          const source = { repoUrl, ref, maxBytes, credential };
          return this.clones.createWorkspace(ctx, session.id, source, onProgress, signal);
        });
    const notices = await this.parts.fetch(ctx, session, { base, maxBytes, signal });
    await this.sessions.recordBase(ctx, session.id, { ...base, notices });
    // Retention measures again, but only every few minutes.
    if (this.usage.isLimited)
      await this.usage.saveMirrors(ctx, (await this.storage.mirrorBytes(ctx, signal)) ?? 0);
    return base.baseTree;
  }

  /**
   * Opening a thread twice changes nothing, so a lost answer does no harm.
   * @returns null when the runner is away and the session should wait for it, without its lock
   */
  private async openThread(session: SessionEntity): Promise<string | null> {
    const since = this.waitingSince.get(session.id) ?? Date.now();
    this.waitingSince.delete(session.id);
    try {
      const { threadId } = await this.runner.createThread({
        workingDirectory: this.storage.repoPath(session.id),
        skipGitRepoCheck: true,
        tenantId: session.tenantId,
        model: session.model,
      });
      return threadId;
    } catch (error) {
      if (!(error instanceof RunnerUnavailable) || Date.now() - since > RUNNER_TIMEOUT_MS) throw error;
      this.waitingSince.set(session.id, since);
      return null;
    }
  }

  private async fail(ctx: RequestContext, session: SessionEntity, error: unknown): Promise<void> {
    const { code, detail } = this.failureOf(session, error);
    await this.storage.removeWorkspace(session.id);
    await this.settle(ctx, session, 'failed', { failureCode: code, failureDetail: detail });
  }

  /** Only a session that is still being set up: another backend may have settled it, and a person archived it since. */
  private async settle(
    ctx: RequestContext,
    { id }: SessionEntity,
    to: 'ready' | 'failed',
    set: Partial<Pick<SessionEntity, 'threadId' | 'failureCode' | 'failureDetail' | 'restoredTree' | 'diff'>>,
  ): Promise<void> {
    await this.sessions.changeIfThere(ctx, id, async (tx, row) => {
      if (row.status === 'provisioning') await this.sessions.transition(tx, row, to, set);
    });
  }

  private failureOf(session: SessionEntity, error: unknown): { code: ProblemCode; detail: string } {
    if (error instanceof ProblemError) return error;
    if (error instanceof RunnerRefused) {
      // A newer runner may refuse with a code that we do not have.
      return { code: isProblemCode(error.code) ? error.code : 'internal_error', detail: error.detail };
    }
    if (error instanceof RunnerUnavailable) {
      return {
        code: 'runner_unavailable',
        detail:
          'The runner, which executes sessions, is not responding. Ask your operator to start it, then try again.',
      };
    }
    this.logger.error(`session ${session.id} was not set up: ${String(error)}`, (error as Error).stack);
    return {
      code: 'internal_error',
      detail: 'Something went wrong on our side. Try again. If that fails too, ask your operator.',
    };
  }

  private progressOf(session: SessionEntity) {
    let last: { phase: Phase; percent: number | null } | undefined;
    return (phase: Phase, percent: number | null) => {
      const sameStep = last?.phase === phase && (percent ?? 0) < (last.percent ?? 0) + PROGRESS_STEP;
      if (sameStep) return;
      last = { phase, percent };
      this.activity.publish({
        v: 1,
        type: 'session.progress',
        tenant_id: session.tenantId,
        session_id: session.id,
        at: new Date().toISOString(),
        status: 'provisioning',
        phase,
        percent: percent === null ? null : Math.round(percent),
      });
    };
  }
}
