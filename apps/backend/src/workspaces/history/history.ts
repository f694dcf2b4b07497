import { existsSync } from 'node:fs';
import { Injectable, Logger } from '@nestjs/common';
import type { Diff, DiffStat, FilePatch } from '@saas-codex/contracts/diffs';
import type { AgentHead } from '@saas-codex/contracts/rewinds';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../../identity/request-context.js';
import { GitFailure } from '../git/git.js';
import { type Download, Downloads } from '../storage/downloads.js';
import { Storage } from '../storage/storage.js';
import { AgentHeads } from './agent-head.js';
import { Checkpoints } from './checkpoints.js';
import { HistoryRepository } from './history-repository.js';
import { type PatchChoice, PatchFile } from './patch-file.js';
import { TenantPlaces } from './tenant-places.js';
import { type Comparison, type DiffPage, TreeDiffs } from './tree-diffs.js';
import { type FoundPaths, TreePaths } from './tree-paths.js';

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
    private readonly patches: PatchFile,
    private readonly downloads: Downloads,
    private readonly storage: Storage,
    private readonly places: TenantPlaces,
    private readonly heads: AgentHeads,
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
    { tenantId }: RequestContext,
    { sessionId, tree }: { sessionId: string; tree: string },
    query: string,
    limit: number,
  ): Promise<FoundPaths> {
    const read = this.places.withPlaceUnlessCrowded(tenantId, () =>
      this.paths.find(sessionId, tree, query, limit),
    );
    return this.explainFailure({ sessionId }, read);
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
