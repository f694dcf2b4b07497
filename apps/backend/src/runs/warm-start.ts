import { Injectable, Logger } from '@nestjs/common';
import type { RequestContext } from '../identity/request-context.js';
import { RunnerClient } from '../runner-client/runner-client.js';
import { isMoving, type SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { ModelServerService } from '../usage/model-server.service.js';
import { RunStore } from './run-store.js';

/**
 * Has a runner start Codex before the session's next prompt comes: when the session has become ready or its last run has ended, and
 * when a person is about to write. It is a guess: the run compares, and starts anew if anything is different by then. So nothing
 * waits for this, and if it fails, the next prompt starts a little later.
 *
 * Not for a session that trusts its repository, has secrets, or whose organisation has its own model server: such a run always
 * starts anew (see the runner's prepared-sessions.ts).
 */
@Injectable()
export class WarmStart {
  private readonly logger = new Logger(WarmStart.name);

  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly runner: RunnerClient,
    private readonly modelServers: ModelServerService,
  ) {}

  /** For a person who has opened the session or begins to write. @throws ProblemError session_not_found */
  async warmSession(ctx: RequestContext, sessionId: string): Promise<void> {
    this.prepare(ctx, await this.sessions.get(ctx, sessionId));
  }

  /** Does nothing while the session is at work. */
  prepare(ctx: RequestContext, session: SessionEntity): void {
    this.send(ctx, session).catch((error: unknown) =>
      this.logger.debug(`session ${session.id} is not prepared: ${String(error)}`),
    );
  }

  private async send(ctx: RequestContext, session: SessionEntity): Promise<void> {
    const { status, threadId, activeRunId, queuedRuns, deletedAt } = session;
    const isIdle = status === 'ready' && deletedAt === null && activeRunId === null && queuedRuns === 0;
    if (
      !isIdle ||
      isMoving(session) ||
      threadId === null ||
      session.trustRepository ||
      session.secrets.length > 0
    )
      return;
    if ((await this.modelServers.granted(ctx)) !== null) return;
    await this.runner.warmThread(threadId, {
      network: session.network,
      model: session.model,
      effort: session.reasoningEffort,
      checkpoint: (await this.runs.latestTree(ctx, session)) ?? session.baseTree,
    });
  }
}
