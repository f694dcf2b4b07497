import { Injectable } from '@nestjs/common';
import type {
  Diff,
  DiffFileQuery,
  DiffPageQuery,
  FilePatch,
  FoundPaths,
  PatchQuery,
  PathsQuery,
} from '@saas-codex/contracts/diffs';
import { RunStore } from '../runs/run-store.js';
import { SessionStore } from '../sessions/session-store.js';
import { actorId } from '../identity/actor.js';
import { Memberships } from '../identity/memberships.js';
import type { CallerContext, RequestContext } from '../identity/request-context.js';
import { History } from '../workspaces/history/history.js';
import type { Download } from '../workspaces/storage/storage.js';
import { type PatchAuthor, patchMailHead } from './patch-mail.js';
import { baseOf, SessionTrees } from './session-trees.js';

/** The diff of a session, or of some of its runs. `SessionTrees` chooses the two trees; History compares them. */
@Injectable()
export class ChangesService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunStore,
    private readonly history: History,
    private readonly trees: SessionTrees,
    private readonly memberships: Memberships,
  ) {}

  /** @throws ProblemError session_not_found, session_not_ready, session_failed, run_not_found, tree_not_found, invalid_cursor */
  async readDiff(ctx: RequestContext, sessionId: string, query: DiffPageQuery): Promise<Diff> {
    const { from, to } = await this.trees.between(ctx, sessionId, query);
    const { text } = query;
    return this.history.diff(ctx, { sessionId, from, to, text, ...comparisonOf(query) }, query);
  }

  /** @throws ProblemError as `readDiff`, and file_not_found */
  async readFilePatch(ctx: RequestContext, sessionId: string, query: DiffFileQuery): Promise<FilePatch> {
    const { from, to } = await this.trees.between(ctx, sessionId, query);
    return this.history.filePatch(ctx, { sessionId, from, to, ...comparisonOf(query) }, query.path);
  }

  /**
   * Files as the last run left them: a checkpoint for every letter that a person types would cost too much.
   * @throws ProblemError tree_not_found, session_not_found, session_not_ready, session_failed, workspace_removed, workspace_unreadable, rate_limited
   */
  async findPaths(ctx: RequestContext, sessionId: string, { q, at, limit }: PathsQuery): Promise<FoundPaths> {
    const session = await this.sessions.get(ctx, sessionId);
    const base = baseOf(session);
    const known = at !== undefined && (await this.trees.knownTree(sessionId, at));
    const tree = known || ((await this.runs.latestTree(ctx, session)) ?? base);
    return this.history.findPaths(ctx, { sessionId, tree }, q, limit);
  }

  /**
   * A patch to save and to apply elsewhere.
   * @throws ProblemError as `readFilePatch`; download_too_large; rate_limited
   */
  async downloadPatch(ctx: CallerContext, sessionId: string, query: PatchQuery): Promise<Download> {
    const trees = await this.trees.between(ctx, sessionId, query);
    const { title } = await this.sessions.get(ctx, sessionId);
    const head = query.format === 'diff' ? '' : patchMailHead(await this.authorOf(ctx), title, new Date());
    const choice = { name: `${fileName(title)}.patch`, path: query.path, head };
    return this.history.downloadPatch(ctx, { sessionId, ...trees }, choice);
  }

  /** The person who takes the patch. Programs have no address, and git wants one. */
  private async authorOf(ctx: CallerContext): Promise<PatchAuthor> {
    const { name, email } = (await this.memberships.describe(ctx)).user;
    return { name, email: email || `${actorId(ctx.actor)}@saas-codex.invalid` };
  }
}

const comparisonOf = ({ whitespace }: Pick<DiffFileQuery, 'whitespace'>) => ({
  ignoresWhitespace: whitespace === 'ignore',
});

/** A title as the name of a file: `Fix the roses!` becomes `fix-the-roses`. */
const fileName = (title: string) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'changes';
