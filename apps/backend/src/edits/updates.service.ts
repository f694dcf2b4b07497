import { Injectable } from '@nestjs/common';
import { MAX_EDIT_SUMMARY, type SessionBase } from '@saas-codex/contracts/runs';
import type { BaseBranch, BaseUpdate } from '@saas-codex/contracts/updates';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v5 as uuidV5 } from 'uuid';
import { baseOf } from '../changes/session-trees.js';
import { RepositoryAccess } from '../credentials/repository-access.js';
import { actorId } from '../identity/actor.js';
import type { RequestContext } from '../identity/request-context.js';
import type { RunEntity } from '../runs/run.entity.js';
import { RunStore } from '../runs/run-store.js';
import { RunsService } from '../runs/runs.service.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { Clones } from '../workspaces/clones/clones.js';
import { History } from '../workspaces/history/history.js';

type Found = Pick<BaseUpdate, 'behind' | 'conflicts'>;

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
    const found: Partial<Found> = {};
    const run = await this.runs.edit(ctx, sessionId, async () => {
      const { from, branch, commit } = await this.fetch(ctx, session);
      const now = await this.history.takeCheckpoint(ctx, sessionId);
      const { behind, conflicts, tree, to } = await this.history.mergeBranch(ctx, sessionId, now, {
        from,
        to: commit,
      });
      if (from.commit === commit)
        throw new ProblemError('nothing_to_change', `The session has all of “${branch}”.`);
      Object.assign(found, { behind, conflicts });
      const summary = `Merge “${branch}”`.slice(0, MAX_EDIT_SUMMARY);
      return { kind: 'edit', summary, change: { from: now, to: tree }, base: { from, to } };
    });
    // An attempt that died after it had queued the merge left what that has found.
    const { behind, conflicts } = isFound(found) ? found : await this.findAgain(ctx, sessionId, run.run_id);
    // The same request again queues it once. The entry of the update in the audit log stands for both.
    const once = { ...ctx, origin: undefined, idempotentId: uuidV5('resolve', run.run_id) };
    const resolving =
      conflicts.length === 0
        ? null
        : await this.runs.prompt(once, sessionId, { prompt: promptOf(run.prompt, conflicts) });
    return { run, behind, conflicts, resolving };
  }

  /**
   * Which of the conflicts that an update has found are left in later files of the session.
   * @param runId of the update; of any other run there are none
   * @param tree what the files are now
   * @returns paths
   */
  async unresolved(ctx: RequestContext, sessionId: string, runId: string, tree: string): Promise<string[]> {
    const update = updateOf(await this.runStore.find(ctx, runId));
    if (update === null) return [];
    const { change, base } = update;
    return this.history.unresolved(ctx, sessionId, {
      merged: { tree: change.from, change: { from: base.from.tree, to: base.to.tree } },
      now: tree,
    });
  }

  private async findAgain(ctx: RequestContext, sessionId: string, runId: string): Promise<Found> {
    const update = updateOf(await this.runStore.get(ctx, runId));
    if (update === null) throw new Error(`run ${runId} is no update`);
    const { from, to } = update.base;
    const merge = { from, to: to.commit };
    return this.history.mergeBranch(ctx, sessionId, update.change.from, merge);
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

const isFound = (found: Partial<Found>): found is Found => found.conflicts !== undefined;

/** null: the run is none */
function updateOf(run: RunEntity | null) {
  if (run?.input.kind !== 'edit' || run.input.base === undefined) return null;
  return { change: run.input.change, base: run.input.base };
}

/** @param summary of the update */
function promptOf(summary: string, conflicts: readonly string[]): string {
  const named = conflicts.slice(0, MAX_NAMED).map((path) => `- ${path}`);
  const more = conflicts.length > MAX_NAMED ? [`- and ${conflicts.length - MAX_NAMED} more`] : [];
  return [
    `This was done to the files: ${summary}. In these, both sides have changed the same lines:`,
    '',
    ...named,
    ...more,
    '',
    'Resolve the conflicts: keep what both sides meant, and leave no conflict marker. Files that are no texts are as they were before the merge.',
  ].join('\n');
}
