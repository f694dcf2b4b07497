import { Injectable } from '@nestjs/common';
import { CHECKS_FILE, MAX_CHECKS_FILE } from '@saas-codex/contracts/declared-checks';
import type { Evidence, EvidenceSummary, RunChecks, SessionChecks } from '@saas-codex/contracts/evidence';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import type { Run } from '@saas-codex/contracts/runs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { baseOf } from '../changes/session-trees.js';
import type { EvidenceEntity } from '../evidence/evidence.entity.js';
import { EvidenceStore } from '../evidence/evidence-store.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunStore } from '../runs/run-store.js';
import { RunsService } from '../runs/runs.service.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { History } from '../workspaces/history/history.js';
import { type Declaration, readDeclaration } from './checks-declaration.js';

/**
 * Checks that the platform itself runs:
 *
 *     base tree ──.saas-codex/checks.yml──► which commands ──► a run of the kind `check`, on the tree in question ──► evidence
 *
 * The commands come from the tree that the session began from, so an agent cannot change which they are. They start what the
 * checked tree holds, which an agent can change: docs/security.md says what that means.
 */
@Injectable()
export class ChecksService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly queue: RunsService,
    private readonly evidence: EvidenceStore,
    private readonly history: History,
  ) {}

  /**
   * Queues a run of the checks.
   * @throws ProblemError session_not_found, session_not_ready, session_failed, session_archived, workspace_removed, tree_not_found, checks_missing, checks_invalid, checks_in_progress, limit_reached
   */
  async start(ctx: RequestContext, sessionId: string, { tree }: RunChecks): Promise<Run> {
    const session = await this.sessions.get(ctx, sessionId);
    const { checks, secrets, problem } = await this.declaredIn(ctx, session, baseOf(session));
    if (problem !== null) throw new ProblemError('checks_invalid', problem);
    if (checks.length === 0) throw new ProblemError('checks_missing', NONE);
    if (tree !== undefined && !(await this.history.hasCheckpoint(sessionId, tree)))
      throw new ProblemError('tree_not_found', 'This session never had this state. Reload its changes.');
    return this.queue.check(ctx, sessionId, { kind: 'check', checks, secrets, ...(tree && { tree }) });
  }

  /** @throws ProblemError session_not_found, invalid_cursor */
  async list(ctx: RequestContext, sessionId: string, query: PageQuery): Promise<SessionChecks> {
    const session = await this.sessions.get(ctx, sessionId);
    const hasFiles = session.baseTree !== null && session.workspaceRemovedAt === null;
    const [{ checks, problem, required }, page, present] = await Promise.all([
      hasFiles ? this.declaredIn(ctx, session, session.baseTree) : readDeclaration(null),
      this.runs.listAll(ctx, { ...query, session_id: sessionId, kind: 'check' }),
      this.presentTree(ctx, session),
    ]);
    const evidence = await this.evidence.ofRuns(
      ctx,
      page.items.map((run) => run.run_id),
    );
    const items = page.items.map((run) => {
      const shown = evidence.get(run.run_id);
      return { run, evidence: shown ? toSummary(shown, present) : null };
    });
    return { declared: checks, problem, required, items, next_cursor: page.next_cursor };
  }

  /** @throws ProblemError checks_required: the repository lets nothing out that its checks have not passed on */
  async requirePassed(ctx: RequestContext, session: SessionEntity, tree: string): Promise<void> {
    const { required, problem } = await this.declaredIn(ctx, session, session.baseTree);
    if (!required) return;
    const shown = await this.evidence.forTree(ctx, session.id, tree);
    if (shown?.result === 'passed') return;
    const toDo = shown ? 'Have what failed mended, then run' : 'Run';
    throw new ProblemError(
      'checks_required',
      problem ?? `The repository requires it before a push. ${toDo} the checks on exactly these files.`,
    );
  }

  /** @throws ProblemError evidence_not_found */
  async readEvidence(ctx: RequestContext, id: string): Promise<Evidence> {
    const row = await this.evidence.get(ctx, id);
    const session = await this.sessions.get(ctx, row.sessionId);
    const summary = toSummary(row, await this.presentTree(ctx, session));
    const checks = row.checks.map((check, index) => ({ ...check, log: row.logs[index] ?? '' }));
    return { ...summary, checks, envelope: row.envelope };
  }

  private async declaredIn(
    ctx: RequestContext,
    { id: sessionId }: SessionEntity,
    tree: string | null,
  ): Promise<Declaration> {
    if (tree === null) return readDeclaration(null);
    return readDeclaration(
      await this.history.readStart(ctx, { sessionId, tree }, CHECKS_FILE, MAX_CHECKS_FILE + 1),
    );
  }

  /** As the last run left the files. */
  private async presentTree(ctx: RequestContext, session: SessionEntity): Promise<string | null> {
    return (await this.runs.latestTree(ctx, session)) ?? session.baseTree;
  }
}

const toSummary = (row: EvidenceEntity, present: string | null): EvidenceSummary => ({
  evidence_id: row.id,
  session_id: row.sessionId,
  run_id: row.runId,
  tree: row.tree,
  result: row.result,
  stale: row.tree !== present,
  checks: row.checks,
  created_at: row.createdAt.toISOString(),
});

const NONE = `The repository declares none. Add ${CHECKS_FILE} to it, and start a session from that state.`;
