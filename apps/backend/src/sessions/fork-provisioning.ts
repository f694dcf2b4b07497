import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../identity/request-context.js';
import { RunnerClient, RunnerUnavailable } from '../runner-client/runner-client.js';
import type { ForkSource } from '../workspaces/clones/clones.js';
import { History } from '../workspaces/history/history.js';
import { RunsPort } from './runs-port.js';
import type { ForkedFrom, SessionEntity } from './session.entity.js';
import { SessionStore } from './session-store.js';

/**
 * What a fork gets besides a clone:
 *
 *     clone of the same commit ── files of the checkpoint, restored in a jail ── conversation, copied and cut ──► ready
 *
 * Every step may be repeated. The source stays as it is.
 */
@Injectable()
export class ForkProvisioning {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunsPort,
    private readonly history: History,
    private readonly runner: RunnerClient,
  ) {}

  /** @throws ProblemError session_not_found when it was deleted meanwhile */
  async sourceOf(
    ctx: RequestContext,
    { sessionId, tree, baseCommit: known }: ForkedFrom,
  ): Promise<Omit<ForkSource, 'maxBytes'>> {
    const source = await this.sessions.get(ctx, sessionId);
    const { repoUrl, ref } = source;
    const baseCommit = known ?? source.baseCommit;
    if (baseCommit === null) throw new ProblemError('tree_not_found', 'Fork the session again.');
    return { sessionId, repoUrl, ref, baseCommit, tree };
  }

  /**
   * @returns what the session then is like; null: try again, since the runner is away or a run of the source works
   * @throws ProblemError, RunnerRefused
   */
  async continueFork(
    ctx: RequestContext,
    sessionId: string,
    { forkedFrom, baseTree }: { forkedFrom: ForkedFrom; baseTree: string },
  ): Promise<Pick<SessionEntity, 'restoredTree' | 'diff'> | null> {
    const { tree } = forkedFrom;
    try {
      const without = await this.runs.turnsAfter(ctx, forkedFrom.runId);
      if (without === null) return null;
      await this.runner.restoreFiles(sessionId, { from: baseTree, to: tree, head: null });
      if ((await this.history.recordRestored(ctx, sessionId, tree)) !== tree)
        throw new ProblemError('restore_failed', 'Some files cannot be restored. Fork an earlier run.');
      const cut = { without, fromThread: forkedFrom.sessionId };
      const { conversation } = await this.runner.cutConversation(sessionId, cut);
      await this.runner.setConversation(sessionId, conversation);
    } catch (error) {
      if (error instanceof RunnerUnavailable) return null;
      throw error;
    }
    const diff = await this.history.diffStat(ctx, { sessionId, from: baseTree, to: tree });
    return { restoredTree: tree, diff };
  }
}
