import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { Injectable, Logger } from '@nestjs/common';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import type { Diff, DiffStat, FilePatch } from '@saas-codex/contracts/diffs';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../identity/request-context.js';
import { AddressChecker } from './addresses/address-checker.js';
import { checkRef } from './addresses/check-ref.js';
import type { RepoAddress } from './addresses/repo-address.js';
import { CloneMetrics } from './clones/clone-metrics.js';
import { toCloneProblem } from './clones/clone-problems.js';
import type { OnCloneProgress } from './clones/clone-progress.js';
import { MirrorRetention } from './clones/mirror-retention.js';
import { Mirrors } from './clones/mirrors.js';
import { SessionClone } from './clones/session-clone.js';
import { diskUsage } from './disk-usage.js';
import { GitFailure } from './git/git-failure.js';
import { Checkpoints } from './history/checkpoints.js';
import { HistoryRepository } from './history/history-repository.js';
import { TreeDiffs } from './history/tree-diffs.js';
import { Trash } from './trash.js';
import { WorkspacePaths } from './workspace-paths.js';

export interface NewWorkspace {
  sessionId: string;
  /** null: an empty repository. */
  address: RepoAddress | null;
  /** Branch, tag or commit; null: the default branch. */
  ref: string | null;
}

export interface WorkspaceBase {
  baseCommit: string;
  baseTree: string;
}

/**
 * What the rest of the backend knows of repositories and git.
 *
 *     WORKSPACES_ROOT/
 *       .mirrors/<tenant>/<url>.git   ◄─ fetched from the remote, lends its objects to:
 *       <session>/repo/.git           the agent's, which nobody else runs git with
 *       <session>/history.git         ours: checkpoints of repo/ and everything that is read from them
 *       .trash/                       removed workspaces, until they are deleted
 */
@Injectable()
export class Workspaces {
  private readonly logger = new Logger(Workspaces.name);

  constructor(
    private readonly addresses: AddressChecker,
    private readonly mirrors: Mirrors,
    private readonly clone: SessionClone,
    private readonly history: HistoryRepository,
    private readonly checkpoints: Checkpoints,
    private readonly diffs: TreeDiffs,
    private readonly trash: Trash,
    private readonly paths: WorkspacePaths,
    private readonly metrics: CloneMetrics,
    private readonly mirrorRetention: MirrorRetention,
  ) {}

  /** @throws ProblemError repo_url_*, repo_host_* (400), before any process starts */
  checkAddress(repoUrl: string): Promise<RepoAddress> {
    return this.addresses.check(repoUrl);
  }

  /** @throws ProblemError ref_invalid (400) */
  checkRef(ref: string): string {
    return checkRef(ref);
  }

  /** `WORKSPACES_ROOT/<session_id>/repo` */
  repoPath(sessionId: string): string {
    return this.paths.repo(sessionId);
  }

  /**
   * Makes the workspace; may be called again after a crash: a partial earlier try is cleared.
   * @throws ProblemError clone_*, ref_not_found (422), and then nothing is left on disk; GitFailure of kind
   *   `aborted`, or the signal's reason, when `signal` ended it
   */
  async create(
    ctx: RequestContext,
    workspace: NewWorkspace,
    onProgress: OnCloneProgress,
    signal?: AbortSignal,
  ): Promise<WorkspaceBase> {
    await this.remove(ctx, workspace.sessionId);
    const measured = this.metrics.begin();
    try {
      const base = await this.build(ctx, workspace, onProgress, signal);
      measured(null);
      return base;
    } catch (error) {
      await this.remove(ctx, workspace.sessionId);
      const problem = toCloneProblem(error);
      measured(problem);
      throw problem;
    }
  }

  /**
   * Records the work tree as it is now; answers its git tree id.
   * @throws ProblemError workspace_unreadable when it is lost, or when git cannot cope with what an agent left there
   */
  async checkpoint(_ctx: RequestContext, sessionId: string): Promise<string> {
    try {
      return await this.checkpoints.take(sessionId);
    } catch (error) {
      if (!existsSync(this.paths.repo(sessionId)))
        throw unreadable("The session's folder is lost. Make a new session.");
      if (!(error instanceof GitFailure)) throw error;
      this.logger.error(`session ${sessionId} cannot be recorded: ${error.message}`);
      throw unreadable(BEYOND_GIT);
    }
  }

  /** True when `tree` is a checkpoint of this session. */
  hasCheckpoint(_ctx: RequestContext, sessionId: string, tree: string): Promise<boolean> {
    return this.history.knows(sessionId, tree);
  }

  /** @throws ProblemError workspace_unreadable */
  stat(_ctx: RequestContext, sessionId: string, fromTree: string, toTree: string): Promise<DiffStat> {
    return this.compared(sessionId, this.diffs.stat(sessionId, fromTree, toTree));
  }

  /** @throws ProblemError workspace_unreadable */
  diff(_ctx: RequestContext, sessionId: string, fromTree: string, toTree: string): Promise<Diff> {
    return this.compared(sessionId, this.diffs.diff(sessionId, fromTree, toTree));
  }

  /** @throws ProblemError file_not_found when `path` is not part of the diff; workspace_unreadable */
  patch(
    _ctx: RequestContext,
    sessionId: string,
    fromTree: string,
    toTree: string,
    path: string,
  ): Promise<FilePatch> {
    return this.compared(sessionId, this.diffs.patch(sessionId, fromTree, toTree, path));
  }

  /** Removes the workspace; one that is gone already is no error. */
  remove(_ctx: RequestContext, sessionId: string): Promise<void> {
    return this.trash.discard(this.paths.session(sessionId));
  }

  /** Bytes of the workspace on the disk; null when they cannot be counted. */
  size(_ctx: RequestContext, sessionId: string): Promise<number | null> {
    return diskUsage(this.paths.session(sessionId));
  }

  /** The same of the tenant's mirrors. */
  mirrorsSize({ tenantId }: RequestContext): Promise<number | null> {
    return diskUsage(this.paths.tenantMirrors(tenantId));
  }

  /** Removes the mirrors of every tenant that nobody has used for so long. @returns how many */
  removeIdleMirrors(idleMs: number): Promise<number> {
    return this.mirrorRetention.removeIdle(idleMs);
  }

  /** Deletes what stopped backends have left in the trash. */
  emptyTrash(): Promise<void> {
    return this.trash.empty();
  }

  private async compared<T>(sessionId: string, comparing: Promise<T>): Promise<T> {
    try {
      return await comparing;
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      this.logger.error(`changes of session ${sessionId} cannot be compared: ${error.message}`);
      throw unreadable(
        'The changes are too large to be compared. Look at a single run, or make a new session.',
      );
    }
  }

  private async build(
    ctx: RequestContext,
    { sessionId, address, ref }: NewWorkspace,
    onProgress: OnCloneProgress,
    signal?: AbortSignal,
  ): Promise<WorkspaceBase> {
    await mkdir(this.paths.codexHome(sessionId), { recursive: true });
    const [source] = await allSettled([
      address ? this.mirrors.provide(ctx, { address, ref, onProgress, signal }) : Promise.resolve(null),
      this.history.init(sessionId),
    ]);
    if (source) await this.history.borrow(sessionId, source.mirror);
    const repo = this.paths.repo(sessionId);
    const clone = await this.clone.make({ repo, url: address?.url ?? null, source, onProgress, signal });
    return { baseCommit: clone.commit, baseTree: await this.checkpoints.begin(sessionId, clone) };
  }
}

const BEYOND_GIT =
  'Git cannot read the files: there are too many, or a huge .gitignore, or a broken repository in a folder. Ask Codex to remove what is not needed, or make a new session.';

const unreadable = (detail: string) => new ProblemError('workspace_unreadable', detail);
