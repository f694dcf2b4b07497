import { existsSync } from 'node:fs';
import { Injectable, Logger } from '@nestjs/common';
import type { Diff, DiffStat, FilePatch } from '@saas-codex/contracts/diffs';
import type { HunkRange } from '@saas-codex/contracts/edits';
import type { FileContent, Files, FoundLines } from '@saas-codex/contracts/files';
import type { AgentHead } from '@saas-codex/contracts/rewinds';
import type { SessionBase } from '@saas-codex/contracts/runs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../../identity/request-context.js';
import { GitFailure } from '../git/git.js';
import { type Download, Downloads } from '../storage/downloads.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { AgentCommits, type AgentLine, type AgentReading, type AgentStep } from './agent-commits.js';
import { AgentHeads } from './agent-head.js';
import { BaseMerge, type MergedBase } from './base-merge.js';
import { Checkpoints } from './checkpoints.js';
import { FileEdits, type WrittenFile } from './file-edits.js';
import {
  type CommitPerson,
  type CommitRequest,
  Commits,
  type CommitStep,
  type MadeCommits,
} from './commits.js';
import { HistoryRepository } from './history-repository.js';
import type { LineAnchor } from './line-search.js';
import { readStart } from './object-batch.js';
import { type PatchChoice, PatchFile } from './patch-file.js';
import { TenantPlaces } from './tenant-places.js';
import { type Comparison, type DiffPage, TreeDiffs } from './tree-diffs.js';
import { type LinePlace, type LineRange, type LineSearch, TreeLines } from './tree-lines.js';
import { type TreeChange, TreeEdits } from './tree-edits.js';
import { type FolderPage, TreeFiles, type TreeOfSession } from './tree-files.js';
import { type FoundPaths, TreePaths } from './tree-paths.js';
import { TreeSearch } from './tree-search.js';

export type { LineAnchor, LinePlace, LineSearch };

export type { AgentLine, AgentStep, CommitPerson, CommitStep };

/**
 * What happened to a session's files: checkpoints, and the diffs between them.
 *
 *     repo/ ── Checkpoints ──► history.git ── TreeDiffs ──► diff, stat, patch
 *     the agent's               ours
 *
 * An agent can write anything in `repo/`, its `.git` included: hooks, filters, settings, all of which git would run or
 * obey. So git never runs with `repo/.git` here. Files are recorded into `history.git`, which no agent can write, and
 * everything else is read from there (docs/adr/0006).
 */
@Injectable()
export class History {
  private readonly logger = new Logger(History.name);

  constructor(
    private readonly repository: HistoryRepository,
    private readonly checkpoints: Checkpoints,
    private readonly diffs: TreeDiffs,
    private readonly paths: TreePaths,
    private readonly lines: TreeLines,
    private readonly files: TreeFiles,
    private readonly searches: TreeSearch,
    private readonly limits: WorkspaceLimits,
    private readonly patches: PatchFile,
    private readonly downloads: Downloads,
    private readonly storage: Storage,
    private readonly places: TenantPlaces,
    private readonly heads: AgentHeads,
    private readonly edits: TreeEdits,
    private readonly fileEdits: FileEdits,
    private readonly commits: Commits,
    private readonly merges: BaseMerge,
    private readonly agentCommits: AgentCommits,
  ) {}

  /**
   * Records the work tree as it is now.
   * @returns the id of its git tree
   * @throws ProblemError workspace_unreadable when it is lost, or when git cannot cope with what an agent left there
   */
  async takeCheckpoint({ tenantId }: RequestContext, sessionId: string): Promise<string> {
    try {
      return await this.checkpoints.takeCheckpoint(sessionId, (work) =>
        this.places.withPlace(tenantId, work),
      );
    } catch (error) {
      if (!existsSync(this.storage.repoPath(sessionId)))
        throw unreadable("The session's folder is lost. Make a new session.");
      if (!(error instanceof GitFailure)) throw error;
      this.logger.error(`session ${sessionId} cannot be recorded: ${error.message}`);
      throw unreadable(BEYOND_GIT);
    }
  }

  /**
   * Records the work tree after the runner has restored it.
   * @param tree what it should be
   * @returns what it is
   * @throws ProblemError workspace_unreadable
   */
  async recordRestored(ctx: RequestContext, sessionId: string, tree: string): Promise<string> {
    await this.explainFailure({ sessionId }, this.checkpoints.adoptTree(sessionId, tree));
    return this.takeCheckpoint(ctx, sessionId);
  }

  /** Where the agent's own repository is; null: it is not known. */
  readHead(sessionId: string): Promise<AgentHead | null> {
    return this.heads.readHead(sessionId);
  }

  /** True when `tree` is a checkpoint of this session. */
  hasCheckpoint(sessionId: string, tree: string): Promise<boolean> {
    return this.repository.hasCheckpoint(sessionId, tree);
  }

  /** Paths that a checkpoint leaves out. */
  omittedFiles(sessionId: string, tree: string): Promise<string[]> {
    return this.repository.omittedFiles(sessionId, tree);
  }

  /** Whether the history has this git commit, of the repository or of ours. */
  hasCommit(sessionId: string, commit: string): Promise<boolean> {
    return this.commits.has(sessionId, commit);
  }

  /** Makes git commits of checkpoints. @returns null when there is nothing to commit @throws ProblemError workspace_unreadable */
  makeCommits(
    { tenantId }: RequestContext,
    sessionId: string,
    request: CommitRequest,
  ): Promise<MadeCommits | null> {
    const made = this.places.withPlace(tenantId, () => this.commits.make(sessionId, request));
    return this.explainFailure({ sessionId }, made);
  }

  /** Whether commits of the agent's own repository were taken in, up to this one. */
  hasAgentCommits(sessionId: string, head: string): Promise<boolean> {
    return this.agentCommits.has(sessionId, head);
  }

  /** Takes in commits of the agent's own repository. @param pack as a jail has made it @throws ProblemError agent_commits_refused */
  takeInAgentCommits(
    { tenantId }: RequestContext,
    sessionId: string,
    line: AgentLine,
    pack: Buffer,
  ): Promise<void> {
    return this.places.withPlace(tenantId, () => this.agentCommits.takeIn(sessionId, line, pack));
  }

  /** Commits of the agent, oldest first. @throws ProblemError agent_commits_refused */
  readAgentCommits(
    { tenantId }: RequestContext,
    sessionId: string,
    line: AgentLine,
    reading: AgentReading,
  ): Promise<AgentStep[]> {
    return this.places.withPlace(tenantId, () => this.agentCommits.read(sessionId, line, reading));
  }

  /** @throws ProblemError workspace_unreadable */
  diffStat({ tenantId }: RequestContext, comparison: Comparison): Promise<DiffStat> {
    const read = this.places.withPlace(tenantId, () => this.diffs.diffStat(comparison));
    return this.explainFailure(comparison, read);
  }

  /** @throws ProblemError invalid_cursor; rate_limited; workspace_unreadable */
  diff({ tenantId }: RequestContext, comparison: Comparison, page?: DiffPage): Promise<Diff> {
    const read = this.places.withPlaceUnlessCrowded(tenantId, () => this.diffs.diff(comparison, page));
    return this.explainFailure(comparison, read);
  }

  /** @throws ProblemError file_not_found when `path` is not part of the diff; rate_limited; workspace_unreadable */
  filePatch({ tenantId }: RequestContext, comparison: Comparison, path: string): Promise<FilePatch> {
    const read = this.places.withPlaceUnlessCrowded(tenantId, () => this.diffs.filePatch(comparison, path));
    return this.explainFailure(comparison, read);
  }

  /** @throws ProblemError as `filePatch`; download_too_large; rate_limited */
  async downloadPatch(
    { tenantId }: RequestContext,
    comparison: Comparison,
    { name, ...choice }: PatchChoice & { name: string },
  ): Promise<Download> {
    return this.downloads.begin(tenantId, async () => {
      const write = () => this.patches.write(comparison, choice);
      const written = this.places.withPlaceUnlessCrowded(tenantId, write);
      return { name, content: await this.explainFailure(comparison, written) };
    });
  }

  /**
   * Files of a checkpoint.
   * @param query a part of their paths
   * @throws ProblemError rate_limited; workspace_unreadable
   */
  findPaths(
    ctx: RequestContext,
    { sessionId, tree }: TreeOfSession,
    query: string,
    limit: number,
  ): Promise<FoundPaths> {
    return this.readIn(ctx, sessionId, () => this.paths.find(sessionId, tree, query, limit));
  }

  /** @throws ProblemError file_not_found when there is no such folder; invalid_cursor; rate_limited; workspace_unreadable */
  listFiles(ctx: RequestContext, of: TreeOfSession, page: FolderPage): Promise<Files> {
    return this.readIn(ctx, of.sessionId, () => this.files.list(of, page));
  }

  /** @throws ProblemError file_not_found; rate_limited; workspace_unreadable */
  readFile(ctx: RequestContext, of: TreeOfSession, path: string): Promise<FileContent> {
    return this.readIn(ctx, of.sessionId, () => this.files.read(of, path));
  }

  /** The bytes of a file that a browser is to show. @throws ProblemError as `readFile`; download_too_large */
  readImage(ctx: RequestContext, of: TreeOfSession, path: string): Promise<Buffer> {
    return this.readIn(ctx, of.sessionId, () => this.files.bytes(of, path, this.limits.shownImageBytes));
  }

  /** @throws ProblemError as `readFile`; download_too_large */
  downloadFile(ctx: RequestContext, of: TreeOfSession, path: string): Promise<Download> {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return this.downloads.begin(ctx.tenantId, async () => ({
      name,
      content: await this.readIn(ctx, of.sessionId, () => this.files.download(of, path)),
    }));
  }

  /** Lines of a checkpoint's texts that contain a text. @throws ProblemError rate_limited; workspace_unreadable */
  searchFiles(ctx: RequestContext, of: TreeOfSession, query: string, limit: number): Promise<FoundLines> {
    return this.readIn(ctx, of.sessionId, () => this.searches.find(of, query, limit));
  }

  private readIn<T>({ tenantId }: RequestContext, sessionId: string, read: () => Promise<T>): Promise<T> {
    return this.explainFailure({ sessionId }, this.places.withPlaceUnlessCrowded(tenantId, read));
  }

  /**
   * Lines of a file of a checkpoint, with what is needed to find them in others.
   * @returns null when it does not have all of them, or is no text in UTF-8 of up to 2 MB
   * @throws ProblemError rate_limited; workspace_unreadable
   */
  readLines({ tenantId }: RequestContext, sessionId: string, range: LineRange): Promise<LineAnchor | null> {
    const read = this.places.withPlaceUnlessCrowded(tenantId, () => this.lines.read(sessionId, range));
    return this.explainFailure({ sessionId }, read);
  }

  /**
   * Where lines of one checkpoint are in another.
   * @returns in the order of the searches
   * @throws ProblemError rate_limited; workspace_unreadable
   */
  findLines(
    { tenantId }: RequestContext,
    sessionId: string,
    searches: readonly LineSearch[],
  ): Promise<LinePlace[]> {
    const read = this.places.withPlaceUnlessCrowded(tenantId, () => this.lines.find(sessionId, searches));
    return this.explainFailure({ sessionId }, read);
  }

  /**
   * The first bytes of a file of a checkpoint.
   * @returns null when there is no such file
   * @throws ProblemError rate_limited; workspace_unreadable
   */
  readStart(
    { tenantId }: RequestContext,
    { sessionId, tree }: { sessionId: string; tree: string },
    path: string,
    maxBytes: number,
  ): Promise<Buffer | null> {
    const read = this.places.withPlaceUnlessCrowded(tenantId, () =>
      readStart(this.repository, sessionId, `${tree}:${path}`, maxBytes),
    );
    return this.explainFailure({ sessionId }, read);
  }

  /**
   * A tree with what a change did to another one. As those of the other edits, it is no checkpoint until a work tree has it.
   * @throws ProblemError edit_conflict; workspace_unreadable
   */
  mergeChange(ctx: RequestContext, sessionId: string, tree: string, change: TreeChange): Promise<string> {
    return this.edit(ctx, sessionId, () => this.edits.mergeInto(sessionId, tree, change));
  }

  /**
   * Merges what a branch has changed since the session has it.
   * @param from, to commits of the repository that the history borrows
   * @returns what the files become, and what the session's changes begin with then
   * @throws ProblemError workspace_unreadable
   */
  async mergeBranch(
    { tenantId }: RequestContext,
    sessionId: string,
    tree: string,
    { from, to }: { from: SessionBase; to: string },
  ): Promise<MergedBase & { behind: number; to: SessionBase }> {
    const work = async () => {
      const behind = await this.merges.distance(sessionId, from.commit, to);
      const base = await this.merges.baseAt(sessionId, from, to);
      const merged = await this.merges.merge(sessionId, tree, { from: from.tree, to: base.tree });
      return { ...merged, behind, to: base };
    };
    return this.explainFailure({ sessionId }, this.places.withPlace(tenantId, work));
  }

  /**
   * Which conflicts of a merge are left.
   * @param merged the files before, and the change that was merged into them @param now the tree of the files as they are
   * @returns paths of files
   * @throws ProblemError workspace_unreadable
   */
  unresolved(
    { tenantId }: RequestContext,
    sessionId: string,
    { merged: { tree, change }, now }: { merged: { tree: string; change: TreeChange }; now: string },
  ): Promise<string[]> {
    const paths = this.places.withPlace(tenantId, () => this.merges.unresolved(sessionId, tree, change, now));
    return this.explainFailure({ sessionId }, paths);
  }

  /** How many commits of the repository `to` has that `from` does not. @throws ProblemError workspace_unreadable */
  commitsBetween({ tenantId }: RequestContext, sessionId: string, from: string, to: string): Promise<number> {
    const count = this.places.withPlace(tenantId, () => this.merges.distance(sessionId, from, to));
    return this.explainFailure({ sessionId }, count);
  }

  /** The tree `to` with a file, or some hunks of it, as in `from`. @throws ProblemError file_not_found, hunk_not_found, edit_conflict */
  revertFile(
    ctx: RequestContext,
    comparison: Comparison,
    path: string,
    hunks?: readonly HunkRange[],
  ): Promise<string> {
    return this.edit(ctx, comparison.sessionId, () => this.fileEdits.revertFile(comparison, path, hunks));
  }

  /** @throws ProblemError patch_invalid, edit_conflict */
  applyPatch(ctx: RequestContext, sessionId: string, tree: string, patch: string): Promise<string> {
    return this.edit(ctx, sessionId, () => this.edits.applyPatch(sessionId, tree, Buffer.from(patch)));
  }

  /** The tree with another content of a file. @throws ProblemError invalid_request, edit_conflict */
  writeFile(ctx: RequestContext, sessionId: string, tree: string, file: WrittenFile): Promise<string> {
    return this.edit(ctx, sessionId, () => this.fileEdits.writeFile(sessionId, tree, file));
  }

  private edit(
    { tenantId }: RequestContext,
    sessionId: string,
    work: () => Promise<string>,
  ): Promise<string> {
    return this.explainFailure({ sessionId }, this.places.withPlace(tenantId, work));
  }

  private async explainFailure<T>({ sessionId }: { sessionId: string }, read: Promise<T>): Promise<T> {
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      this.logger.error(`changes of session ${sessionId} cannot be compared: ${error.message}`);
      throw unreadable('The changes are too large to compare. Look at a single run, or make a new session.');
    }
  }
}

const BEYOND_GIT =
  'Git cannot read the files: there are too many of them, or a .gitignore is huge, or named pipes stand in for files that git reads, or a folder holds a broken repository. Ask Codex to remove what is not needed, or make a new session.';

const unreadable = (detail: string) => new ProblemError('workspace_unreadable', detail);
