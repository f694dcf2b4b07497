import { Injectable } from '@nestjs/common';
import type { Run } from '@saas-codex/contracts/runs';
import type { CommitProposal, ProposeCommitMessage } from '@saas-codex/contracts/shipping';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { baseOf } from '../changes/session-trees.js';
import { TenantDatabase } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunStore } from '../runs/run-store.js';
import { RunsService } from '../runs/runs.service.js';
import { isMoving, type SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { History } from '../workspaces/history/history.js';
import { proposedMessage } from './commit-message.js';
import { findCommit } from './commits.service.js';
import { lastPushed } from './shipped-branches.js';

/**
 * Has Codex propose the message of the next commit.
 *
 *     POST commits/proposals ── trees: pushed last → files now ──► a run of the kind `proposal` ──► its final message
 *     GET commits/proposals/<run> ◄── without trailers and hidden characters ◄──┘
 *
 * A proposal changes nothing. What it says ships only when a person sends it as the message of a commit.
 */
@Injectable()
export class ProposalsService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    private readonly store: RunStore,
    private readonly runs: RunsService,
    private readonly history: History,
  ) {}

  /**
   * @throws ProblemError session_*, workspace_*, files_changed, nothing_to_commit, model_not_allowed, limit_reached; those of
   * `baseOf`
   */
  async create(ctx: RequestContext, sessionId: string, { tree }: ProposeCommitMessage): Promise<Run> {
    return this.runs.propose(ctx, sessionId, async () => {
      const session = await this.sessions.get(ctx, sessionId);
      const from = await this.shippedTree(ctx, session);
      if (session.status !== 'ready') throw new ProblemError('session_archived', 'Unarchive it first.');
      if (session.activeRunId !== null || isMoving(session))
        throw new ProblemError('session_busy', 'Wait until its run has ended, then ask for a proposal.');
      const to = await this.history.takeCheckpoint(ctx, sessionId);
      if (tree !== undefined && tree !== to)
        throw new ProblemError('files_changed', 'Look at the changes again, then ask for a proposal.');
      if (from === to)
        throw new ProblemError(
          'nothing_to_commit',
          'The files are as they were pushed, or as the session began.',
        );
      return { from, to };
    });
  }

  /** @throws ProblemError session_not_found, run_not_found */
  async read(ctx: RequestContext, sessionId: string, runId: string): Promise<CommitProposal> {
    const session = await this.sessions.get(ctx, sessionId);
    // A client that has seen the run's last event finds its end here, too.
    const { result } = await this.runs.read(ctx, runId);
    const run = await this.store.get(ctx, runId);
    if (run.sessionId !== sessionId || run.input.kind !== 'proposal')
      throw new ProblemError('run_not_found', 'This run of the session proposes no commit message.');
    const { status, error, input } = run;
    const text = status === 'succeeded' ? (result?.final_message ?? '') : null;
    const message = text === null ? null : proposedMessage(text);
    const tree = input.change.to;
    return {
      run_id: runId,
      session_id: sessionId,
      status,
      tree,
      outdated: (await this.store.latestTree(ctx, session)) !== tree,
      message,
      error: text !== null && message === null ? NO_MESSAGE : error,
    };
  }

  /** What the next commit is compared with. */
  private async shippedTree(ctx: RequestContext, session: SessionEntity): Promise<string> {
    const base = baseOf(session);
    return this.db.run(ctx, async (tx) => {
      const push = await lastPushed(tx, session.id);
      return push ? (await findCommit(tx, session.id, push.commitId)).tree : base;
    });
  }
}

const NO_MESSAGE =
  'What Codex answered is no commit message. Ask for a proposal again, or write the message yourself.';
