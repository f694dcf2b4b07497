import { Injectable } from '@nestjs/common';
import type { ApplyPatch, RevertChanges, WriteFile } from '@saas-codex/contracts/edits';
import { MAX_EDIT_SUMMARY, type Run, type RunInputOf, textOfInput } from '@saas-codex/contracts/runs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { baseOf, SessionTrees } from '../changes/session-trees.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunStore } from '../runs/run-store.js';
import { RunsService } from '../runs/runs.service.js';
import { SessionStore } from '../sessions/session-store.js';
import { History } from '../workspaces/history/history.js';

/** What a person wants: the change from one tree to another, in the files as they will be. */
interface Edit {
  summary: string;
  from: string;
  to: string;
  /** Of what undoes an update. */
  base?: RunInputOf<'edit'>['base'];
}

/**
 * What people change in the files by themselves: taking changes back, applying a patch, writing a file. All of it is one thing:
 *
 *     request ── trees `from` and `to` in history.git ──► a run of the kind `edit`
 *         └─ does it fit the files as they are? no: edit_conflict, and there is no run
 *     claim ── merge (from → to) into the files as they are then ──► target tree ──► the runner restores it, in a jail
 *
 * So an edit waits for its turn, stands in the timeline with its author, and is undone by reverting its run.
 */
@Injectable()
export class EditsService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly trees: SessionTrees,
    private readonly store: RunStore,
    private readonly runs: RunsService,
    private readonly history: History,
  ) {}

  /** @throws ProblemError run_not_found, tree_not_found, file_not_found, hunk_not_found; those of `queue` */
  revert(ctx: RequestContext, sessionId: string, body: RevertChanges): Promise<Run> {
    return this.queue(ctx, sessionId, async () => {
      switch (body.scope) {
        case 'all': {
          const { from, to } = await this.trees.between(ctx, sessionId, body);
          return { summary: 'Revert all changes', from: to, to: from };
        }
        case 'run':
          return this.revertOfRun(ctx, sessionId, body.run_id);
        case 'file':
        case 'hunk': {
          const { from, to } = await this.trees.between(ctx, sessionId, body);
          const hunks = body.scope === 'hunk' ? body.hunks : undefined;
          const reverted = await this.history.revertFile(ctx, { sessionId, from, to }, body.path, hunks);
          const what = hunks === undefined ? 'Revert' : 'Revert a part of';
          return { summary: `${what} “${body.path}”`, from: to, to: reverted };
        }
      }
    });
  }

  /** @throws ProblemError patch_invalid; those of `queue` */
  applyPatch(ctx: RequestContext, sessionId: string, { patch }: ApplyPatch): Promise<Run> {
    return this.queue(ctx, sessionId, async (now) => {
      const to = await this.history.applyPatch(ctx, sessionId, now, patch);
      const { files } = await this.history.diffStat(ctx, { sessionId, from: now, to });
      return { summary: `Apply a patch to ${files === 1 ? 'one file' : `${files} files`}`, from: now, to };
    });
  }

  /** @throws ProblemError invalid_request, tree_not_found; those of `queue` */
  writeFile(ctx: RequestContext, sessionId: string, { tree, ...file }: WriteFile): Promise<Run> {
    return this.queue(ctx, sessionId, async () => {
      const from = await this.trees.knownTree(sessionId, tree);
      const to = await this.history.writeFile(ctx, sessionId, from, file);
      return { summary: `${file.content === null ? 'Remove' : 'Edit'} “${file.path}”`, from, to };
    });
  }

  /**
   * @param editOf gets the files as they are now
   * @throws ProblemError edit_conflict, nothing_to_change, session_archived, limit_reached; those of `baseOf`
   */
  private async queue(
    ctx: RequestContext,
    sessionId: string,
    editOf: (now: string) => Promise<Edit>,
  ): Promise<Run> {
    const session = await this.sessions.get(ctx, sessionId);
    baseOf(session);
    if (session.status === 'archived') throw new ProblemError('session_archived', 'Unarchive it first.');
    return this.runs.edit(ctx, sessionId, async () => {
      const now = await this.history.takeCheckpoint(ctx, sessionId);
      const { summary, from, to, base } = await editOf(now);
      if ((await this.history.mergeChange(ctx, sessionId, now, { from, to })) === now)
        throw new ProblemError('nothing_to_change', 'Load the changes again to see the files as they are.');
      const change = { from, to };
      return { kind: 'edit', summary: summary.slice(0, MAX_EDIT_SUMMARY), change, ...(base && { base }) };
    });
  }

  private async revertOfRun(ctx: RequestContext, sessionId: string, runId: string): Promise<Edit> {
    const { from, to } = await this.trees.between(ctx, sessionId, { from: runId, to: runId });
    const { input } = await this.store.get(ctx, runId);
    const text = textOfInput(input).replace(/\s+/g, ' ');
    const summary = input.kind === 'edit' ? `Undo: ${text}` : `Revert what “${shortened(text)}” changed`;
    const base = input.kind === 'edit' ? input.base : undefined;
    return { summary, from: to, to: from, ...(base && { base: { from: base.to, to: base.from } }) };
  }
}

const shortened = (text: string) => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
