import { Injectable } from '@nestjs/common';
import type { Diff, FilePatch } from '@saas-codex/contracts/diffs';
import type { DiffStat } from '@saas-codex/contracts/sessions';
import type { RequestContext } from '../tenants/request-context.js';
import type { RepoAddress } from './addresses/repo-address.js';

export interface CloneProgress {
  phase: 'resolving' | 'fetching' | 'checking_out';
  percent: number | null;
}

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

@Injectable()
export class Workspaces {
  /** @throws ProblemError repo_url_*, repo_host_* (400) */
  checkAddress(_repoUrl: string): Promise<RepoAddress> {
    throw new Error('not built yet');
  }

  /** @throws ProblemError ref_invalid (400) */
  checkRef(_ref: string): string {
    throw new Error('not built yet');
  }

  /** `WORKSPACES_ROOT/<session_id>/repo` */
  repoPath(_sessionId: string): string {
    throw new Error('not built yet');
  }

  /**
   * Makes the workspace; may be called again after a crash: a partial earlier try is cleared.
   * @throws ProblemError clone_*, ref_not_found (422), and then nothing is left on disk
   */
  create(
    _ctx: RequestContext,
    _workspace: NewWorkspace,
    _onProgress: (progress: CloneProgress) => void,
    _signal?: AbortSignal,
  ): Promise<WorkspaceBase> {
    throw new Error('not built yet');
  }

  /** Records the work tree as it is now; answers its git tree id. */
  checkpoint(_ctx: RequestContext, _sessionId: string): Promise<string> {
    throw new Error('not built yet');
  }

  stat(_ctx: RequestContext, _sessionId: string, _fromTree: string, _toTree: string): Promise<DiffStat> {
    throw new Error('not built yet');
  }

  diff(_ctx: RequestContext, _sessionId: string, _fromTree: string, _toTree: string): Promise<Diff> {
    throw new Error('not built yet');
  }

  /** @throws ProblemError file_not_found when `path` is not part of the diff */
  patch(
    _ctx: RequestContext,
    _sessionId: string,
    _fromTree: string,
    _toTree: string,
    _path: string,
  ): Promise<FilePatch> {
    throw new Error('not built yet');
  }

  /** Removes the workspace; one that is gone already is no error. */
  remove(_ctx: RequestContext, _sessionId: string): Promise<void> {
    throw new Error('not built yet');
  }
}
