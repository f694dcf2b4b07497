import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { type AgentCommits, type CreateCommit, MAX_REPLACED_PATHS } from '@saas-codex/contracts/shipping';
import { baseOf } from '../changes/session-trees.js';
import { TenantDatabase } from '../database/tenant-database.js';
import type { RequestContext } from '../identity/request-context.js';
import { RunnerClient, RunnerRefused, RunnerUnavailable } from '../runner-client/runner-client.js';
import { isMoving, type SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { type AgentLine, type AgentStep, type CommitStep, History } from '../workspaces/history/history.js';
import type { CommitEntity } from './commit.entity.js';
import { messageOfAgent } from './commit-message.js';
import { lastPushedCommit } from './shipped-branches.js';

/** What the commits are to become. */
interface Shipping {
  last: CommitEntity | null;
  final: Pick<CommitStep, 'tree' | 'base'>;
}

/** How many paths a problem names. */
const LISTED = 10;
const BUSY = 'Wait until the run has ended, then look at them.';

/**
 * Codex's own commits, as people read them before they ship them.
 *
 *     HEAD of the clone ── is new? ──► runner: a jail packs ──► History checks and takes in ──► list, with a diff of each
 *     POST commits { mode: agent, head } ── the same HEAD? ──► steps of a commit
 *
 * They begin where the clone was when something was shipped last, else where the session began.
 */
@Injectable()
export class AgentCommitsService {
  constructor(
    private readonly db: TenantDatabase,
    private readonly sessions: SessionStore,
    private readonly history: History,
    private readonly runner: RunnerClient,
  ) {}

  /** @throws ProblemError session_*, workspace_*, runner_unavailable; those of `baseOf` */
  async list(ctx: RequestContext, sessionId: string): Promise<AgentCommits> {
    const session = await this.sessions.get(ctx, sessionId);
    const base = { tree: baseOf(session), commit: session.baseCommit ?? '' };
    if (session.status !== 'ready') throw new ProblemError('session_archived', 'Unarchive it first.');
    const last = await this.db.run(ctx, (tx) => lastPushedCommit(tx, sessionId));
    const tree = await this.history.takeCheckpoint(ctx, sessionId);
    const none = { head: null, tree, items: [], refused: null };
    // No error: a run may begin at any moment, and the page would ask in vain.
    if (session.activeRunId !== null || isMoving(session)) return { ...none, refused: BUSY };
    const line = await this.lineOf(ctx, session, last);
    if (line === null) return none;
    try {
      if (!(await this.history.hasAgentCommits(sessionId, line.head))) await this.takeIn(ctx, session, line);
      const steps = await this.history.readAgentCommits(ctx, sessionId, line, {
        final: { tree, base },
        keep: true,
      });
      return steps.length === 0 ? none : { ...none, head: line.head, items: steps.map(toAgentCommit) };
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'agent_commits_refused') throw error;
      return { ...none, refused: error.detail };
    }
  }

  /** @throws ProblemError files_changed, replaced_contents, agent_commits_refused */
  async stepsOf(
    ctx: RequestContext,
    session: SessionEntity,
    { last, final }: Shipping,
    { head, with_replaced: withReplaced }: CreateCommit,
  ): Promise<AgentStep[]> {
    const line = await this.lineOf(ctx, session, last);
    // Only what was taken in can have been read.
    if (line === null || line.head !== head || !(await this.history.hasAgentCommits(session.id, line.head)))
      throw new ProblemError('files_changed', "Look at Codex's commits again, then ship what is there now.");
    const steps = await this.history.readAgentCommits(ctx, session.id, line, { final, keep: false });
    const replaced = steps.flatMap((step) => step.replaced);
    if (replaced.length > 0 && !withReplaced) throw holdsMore([...new Set(replaced)]);
    // Its clock may say anything.
    const [first, now] = [session.createdAt.getTime(), Date.now()];
    return steps.map((step) => ({
      ...step,
      at: new Date(Math.min(Math.max(step.at.getTime() || now, first), now)),
    }));
  }

  /** null: Codex has committed nothing, or nothing that can be told from what is shipped already. */
  private async lineOf(
    ctx: RequestContext,
    { id, baseCommit }: SessionEntity,
    last: CommitEntity | null,
  ): Promise<AgentLine | null> {
    const head = (await this.history.readHead(id))?.commit;
    const start = last === null ? baseCommit : last.agentHead;
    if (head?.length !== SHA1 || start === null || baseCommit === null || head === start) return null;
    if (!(await this.history.hasCommit(id, baseCommit))) return null;
    // A commit of the repository: the clone may be behind the session, say after an update.
    const isKnown = await this.history.hasCommit(id, head);
    if (isKnown && (await this.history.commitsBetween(ctx, id, baseCommit, head)) === 0) return null;
    return { start, head, parent: last?.oid ?? baseCommit };
  }

  private async takeIn(
    ctx: RequestContext,
    { id, baseCommit }: SessionEntity,
    line: AgentLine,
  ): Promise<void> {
    const without: string[] = [];
    for (const commit of new Set([line.start, baseCommit]))
      if (commit !== null && (await this.history.hasCommit(id, commit))) without.push(commit);
    const { pack } = await this.runner.packCommits(id, { head: line.head, without }).catch(explain);
    if (pack === null)
      throw new ProblemError('agent_commits_refused', 'The last one of them is missing in the workspace.');
    await this.history.takeInAgentCommits(ctx, id, line, Buffer.from(pack, 'base64'));
  }
}

/** Characters of an id, in hexadecimal. */
const SHA1 = 40;

const toAgentCommit = ({
  oid,
  message,
  from,
  to,
  files,
  replaced,
}: AgentStep): AgentCommits['items'][number] => ({
  oid,
  ...messageOfAgent(message),
  from,
  to,
  files,
  replaced: replaced.slice(0, MAX_REPLACED_PATHS),
  replaced_files: replaced.length,
});

function holdsMore(paths: readonly string[]): ProblemError {
  const listed = paths.slice(0, LISTED).join(', ');
  const more = paths.length > LISTED ? ` and ${paths.length - LISTED} more` : '';
  return new ProblemError(
    'replaced_contents',
    `Of these files, Codex's commits hold what the changes do not show: ${listed}${more}. Read the diffs of the commits, then commit with with_replaced, or make one commit.`,
  );
}

function explain(error: unknown): never {
  if (error instanceof RunnerRefused && error.code === 'agent_commits_refused')
    throw new ProblemError('agent_commits_refused', error.detail);
  if (error instanceof RunnerUnavailable)
    throw new ProblemError('runner_unavailable', 'Try again in a minute, or ship the changes as one commit.');
  throw error;
}
