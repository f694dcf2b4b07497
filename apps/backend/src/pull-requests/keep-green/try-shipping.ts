import { Injectable } from '@nestjs/common';
import type { ProblemCode } from '@saas-codex/contracts/problems';
import type { Push } from '@saas-codex/contracts/shipping';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { v5 as uuidV5 } from 'uuid';
import { ChecksService } from '../../checks/checks.service.js';
import { EvidenceStore } from '../../evidence/evidence-store.js';
import type { RequestContext } from '../../identity/request-context.js';
import { isEnded, RunStore } from '../../runs/run-store.js';
import type { SessionEntity } from '../../sessions/session.entity.js';
import { CommitsService } from '../../shipping/commits.service.js';
import { PushesService } from '../../shipping/pushes.service.js';
import { Stopped } from './stopped.js';

interface TryToShip {
  /** The run that has made the changes. */
  runId: string;
  /** What it has left. */
  tree: string;
  branch: string;
  message: string;
}

/** Brings what one try has changed to the branch of the pull request. Each call does what can be done now. */
@Injectable()
export class TryShipping {
  constructor(
    private readonly commits: CommitsService,
    private readonly pushes: PushesService,
    private readonly checks: ChecksService,
    private readonly runs: RunStore,
    private readonly evidence: EvidenceStore,
  ) {}

  /** @returns the id of the commit that was pushed; null: call again; undefined: `ship` has pushed nothing yet @throws Stopped */
  async outcome(
    ctx: RequestContext,
    session: SessionEntity,
    runId: string,
  ): Promise<string | null | undefined> {
    const id = uuidV5('push', runId);
    return this.pushes.read(ctx, session.id, id).then(outcomeOf, (error: unknown) => {
      if (error instanceof ProblemError && error.code === 'push_not_found') return undefined;
      throw error;
    });
  }

  /** @returns as `outcome` @throws Stopped */
  async ship(
    ctx: RequestContext,
    session: SessionEntity,
    { runId, tree, branch, message }: TryToShip,
  ): Promise<string | null> {
    const once = (what: string) => ({ ...ctx, idempotentId: uuidV5(what, runId) });
    const commit = await this.commits
      .create(once('commit'), session.id, {
        mode: 'squash',
        message,
        tree,
        leave_out: false,
        with_replaced: false,
      })
      .catch(stopUnlessPassing);
    if (commit === null || !(await this.hasPassed(once('checks'), session, tree))) return null;
    const push = await this.pushes
      .create(once('push'), session.id, { commit_id: commit.commit_id, branch })
      .catch(stopUnlessPassing);
    return push && outcomeOf(push);
  }

  /** Whether the checks that the repository requires, if it does, have passed. They are run where they were not. @throws Stopped */
  private async hasPassed(ctx: RequestContext, session: SessionEntity, tree: string): Promise<boolean> {
    try {
      await this.checks.requirePassed(ctx, session, tree);
      return true;
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'checks_required') throw error;
      if (await this.evidence.forTree(ctx, session.id, tree))
        throw new Stopped('checks_failed', error.detail);
    }
    const run = await this.checks.start(ctx, session.id, { tree }).catch(stopUnlessPassing);
    if (run !== null && isEnded(await this.runs.get(ctx, run.run_id)))
      throw new Stopped('checks_failed', 'The checks that the repository requires did not run to their end.');
    return false;
  }
}

/** @throws Stopped */
function outcomeOf({ status, oid, failure }: Push): string | null {
  if (status === 'pushed') return oid;
  if (status === 'pending') return null;
  const isMoved = failure?.code === 'branch_moved';
  throw new Stopped(isMoved ? 'somebody_committed' : 'push_failed', failure?.detail ?? 'The push failed.');
}

/** What passes by itself: the next scan tries again. */
export const PASSING: ReadonlySet<string> = new Set<ProblemCode>([
  'session_busy',
  'checks_in_progress',
  'push_in_progress',
  'limit_reached',
  'clone_unreachable',
  'clone_timeout',
  'clone_rate_limited',
  'repo_host_unknown',
]);

/** @returns null: it can be tried again later @throws Stopped */
function stopUnlessPassing(error: unknown): null {
  if (!(error instanceof ProblemError)) throw error;
  if (PASSING.has(error.code)) return null;
  if (error.code === 'files_changed')
    throw new Stopped('taken_over', 'The files have changed since. Ship what is there now.');
  if (error.code === 'nothing_to_commit') throw new Stopped('nothing_changed', 'Codex has changed no file.');
  throw new Stopped('push_failed', error.detail);
}
