import { Injectable } from '@nestjs/common';
import type { ForkSession } from '@saas-codex/contracts/rewinds';
import type { Session } from '@saas-codex/contracts/sessions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v5 as uuidV5 } from 'uuid';
import { baseOf } from '../changes/session-trees.js';
import { RoutePermissions } from '../identity/permissions.js';
import type { CallerContext } from '../identity/request-context.js';
import { isEnded, RunStore } from '../runs/run-store.js';
import { RunsService } from '../runs/runs.service.js';
import { SessionStore } from '../sessions/session-store.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { History } from '../workspaces/history/history.js';

/** Sessions that continue others. The rest is in ForkProvisioning. */
@Injectable()
export class ForksService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly service: SessionsService,
    private readonly runs: RunStore,
    private readonly prompts: RunsService,
    private readonly history: History,
    private readonly permissions: RoutePermissions,
  ) {}

  /**
   * @throws ProblemError session_not_found, run_not_found, not_rewindable, session_busy; those of `baseOf`, of
   *   `SessionsService.createFork`, and of `RunsService.prompt`
   */
  async fork(
    ctx: CallerContext,
    sessionId: string,
    { run_id: runId, prompt }: ForkSession,
  ): Promise<Session> {
    if (prompt !== undefined && !this.permissions.of(ctx.actor).has('runs:create'))
      throw new ProblemError('forbidden', 'This key may not send prompts. Fork without one.');
    const source = await this.sessions.get(ctx, sessionId);
    baseOf(source);
    const run = await this.runs.get(ctx, runId);
    if (run.sessionId !== sessionId) throw new ProblemError('run_not_found', 'Choose a run of this session.');
    if (source.activeRunId !== null) throw new ProblemError('session_busy', 'Wait until its run has ended.');
    if (run.rewoundAt !== null) throw refused('The session went back to before this run. Undo that first.');
    const tree = run.treeAfter ?? (isEnded(run) ? run.treeBefore : null);
    if (run.kind !== 'prompt' || tree === null || !(await this.history.hasCheckpoint(sessionId, tree)))
      throw refused('The files of after this run are not known. Choose another run.');
    const base = await this.runs.baseBefore(ctx, source, run);
    const from = { sessionId, runId, tree, ...(base && { baseCommit: base.commit }) };
    const fork = await this.service.createFork(ctx, source, from);
    // The same request again queues it once. The fork's entry in the audit log stands for both.
    const once = { ...ctx, origin: undefined, idempotentId: uuidV5('prompt', fork.id) };
    if (prompt !== undefined) await this.prompts.prompt(once, fork.id, { prompt });
    return this.sessions.view(await this.sessions.get(ctx, fork.id));
  }
}

const refused = (detail: string) => new ProblemError('not_rewindable', detail);
