import { Injectable } from '@nestjs/common';
import { MAX_EDIT_SUMMARY, type SessionBase } from '@saas-codex/contracts/runs';
import type { BaseBranch, BaseUpdate } from '@saas-codex/contracts/updates';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v5 as uuidV5 } from 'uuid';
import { baseOf } from '../changes/session-trees.js';
import { RepositoryAccess } from '../credentials/repository-access.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunStore } from '../runs/run-store.js';
import { RunsService } from '../runs/runs.service.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { Clones } from '../workspaces/clones/clones.js';
import { History } from '../workspaces/history/history.js';

/** How many files the prompt names. */
const MAX_NAMED = 100;

/**
 * Brings what happened to the branch of the repository since the session began:
 *
 *     fetch ──► mirror ── merge, in history.git ──► a run of the kind `edit` ──► the session's changes begin at the branch's commit
 *                             └─ conflicts: they stay in the files as markers, and a prompt asks Codex to resolve them
 *
 * The next commit has the branch's commit as a parent.
 */
@Injectable()
export class UpdatesService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly access: RepositoryAccess,
    private readonly clones: Clones,
    private readonly history: History,
    private readonly runs: RunsService,
    private readonly runStore: RunStore,
  ) {}

  /** @throws ProblemError base_missing; those of `baseOf`, of `Clones.fetchBranch` */
  async look(ctx: RequestContext, sessionId: string): Promise<BaseBranch> {
    const session = await this.sessions.get(ctx, sessionId);
    const { from, branch, commit } = await this.fetch(ctx, session);
    const behind = await this.history.commitsBetween(ctx, sessionId, from.commit, commit);
    return { branch, commit, behind };
  }

  /** @throws ProblemError nothing_to_change, session_archived, limit_reached; those of `look` */
  async update(ctx: RequestContext, sessionId: string): Promise<BaseUpdate> {
    const session = await this.sessions.get(ctx, sessionId);
    if (session.status === 'archived') throw new ProblemError('session_archived', 'Unarchive it first.');
    const { from, branch, commit } = await this.fetch(ctx, session);
    const found: Pick<BaseUpdate, 'behind' | 'conflicts'> = { behind: 0, conflicts: [] };
    const run = await this.runs.edit(ctx, sessionId, async () => {
      const now = await this.history.takeCheckpoint(ctx, sessionId);
      const merged = await this.history.mergeBranch(ctx, sessionId, now, { from, to: commit });
      Object.assign(found, { behind: merged.behind, conflicts: merged.conflicts });
      if (from.commit === commit)
        throw new ProblemError('nothing_to_change', `The session has all of “${branch}”.`);
      const summary = `Merge “${branch}”`.slice(0, MAX_EDIT_SUMMARY);
      return { kind: 'edit', summary, change: { from: now, to: merged.tree }, base: { from, to: merged.to } };
    });
    // An attempt that died after it had queued the merge left what that has found.
    if (found.behind === 0) Object.assign(found, await this.findAgain(ctx, sessionId, run.run_id));
    // The same request again queues it once. The entry of the update in the audit log stands for both.
    const once = { ...ctx, origin: undefined, idempotentId: uuidV5('resolve', run.run_id) };
    const resolving =
      found.conflicts.length === 0
        ? null
        : await this.runs.prompt(once, sessionId, { prompt: promptOf(branch, found.conflicts) });
    return { run, ...found, resolving };
  }

  private async findAgain(
    ctx: RequestContext,
    sessionId: string,
    runId: string,
  ): Promise<Pick<BaseUpdate, 'behind' | 'conflicts'>> {
    const { input } = await this.runStore.get(ctx, runId);
    if (input.kind !== 'edit' || input.base === undefined) throw new Error(`run ${runId} is no update`);
    const { from, to } = input.base;
    const { behind, conflicts } = await this.history.mergeBranch(ctx, sessionId, input.change.from, {
      from,
      to: to.commit,
    });
    return { behind, conflicts };
  }

  private async fetch(ctx: RequestContext, session: SessionEntity) {
    const tree = baseOf(session);
    const { repoUrl, ref, baseCommit } = session;
    if (repoUrl === null || baseCommit === null)
      throw new ProblemError('base_missing', 'The session has no repository to update from.');
    const from: SessionBase = { commit: baseCommit, tree };
    const found = await this.access.withAccess(ctx, actorId(ctx.actor), repoUrl, (credential) =>
      this.clones.fetchBranch(ctx, session.id, { repoUrl, ref, credential }),
    );
    return { from, ...found };
  }
}

function promptOf(branch: string, conflicts: readonly string[]): string {
  const named = conflicts.slice(0, MAX_NAMED).map((path) => `- ${path}`);
  const more = conflicts.length > MAX_NAMED ? [`- and ${conflicts.length - MAX_NAMED} more`] : [];
  return [
    `The branch ${branch} of the repository was merged into the files. In these both sides have changed the same lines:`,
    '',
    ...named,
    ...more,
    '',
    'Resolve the conflicts: keep what both sides meant, and leave no conflict marker. Files that are no texts are as they were before the merge.',
  ].join('\n');
}
