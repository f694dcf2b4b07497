import { mkdir } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { RepositoryRefs } from '@saas-codex/contracts/forges';
import type { SessionNotice } from '@saas-codex/contracts/sessions';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import { type Histogram, Metrics, SECONDS } from '@saas-codex/service-kit/metrics/metrics';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../../identity/request-context.js';
import { AddressChecker, type RepoAddress } from '../addresses/address-checker.js';
import { type ParsedAddress, parseAddress } from '../addresses/parse-address.js';
import { checkRef } from '../addresses/check-ref.js';
import { readRefs } from '../git/bare-repository.js';
import { scanHostKeys } from '../git/ssh-host-keys.js';
import { type GitAccess, type RemoteCredential, withGitAccess } from '../git/transport.js';
import { AgentHeads } from '../history/agent-head.js';
import { Checkpoints } from '../history/checkpoints.js';
import { HistoryRepository } from '../history/history-repository.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { addsOnlyGit, cloneProblem, toCloneProblem } from './clone-problems.js';
import { CheckedMirrors } from './checked-mirrors.js';
import type { OnCloneProgress } from './clone-progress.js';
import { type EmptyRemote, isEmptyRemote, type MirroredTarget, Mirrors } from './mirrors.js';
import { namedRefs } from './remote-refs.js';
import { SessionClone } from './session-clone.js';

export type { OnCloneProgress, ParsedAddress, RemoteCredential };

/** What a session starts on. */
export interface CloneSource {
  /** null: an empty repository. */
  repoUrl: string | null;
  /** Branch, tag or commit. null: the default branch. */
  ref: string | null;
  /** Bytes that it may take at most, below what the installation allows. By default no limit. */
  maxBytes?: number;
  /** By default git asks as nobody. */
  credential?: RemoteCredential | null;
}

/** What a fork continues. */
export interface ForkSource {
  sessionId: string;
  repoUrl: string | null;
  ref: string | null;
  baseCommit: string;
  /** The checkpoint that it begins with. */
  tree: string;
  maxBytes: number;
}

/** Of an empty repository. */
const DEFAULT_BRANCH = 'main';

/** What is checked out in a new workspace. */
export interface WorkspaceBase {
  baseCommit: string;
  /** Differs from the commit's tree where the checkout converted files. */
  baseTree: string;
  /** What it lacks. */
  notices: SessionNotice[];
}

/**
 * Makes the workspaces of new sessions.
 *
 *     address ─ check ─► .mirrors/<tenant>/<url>.git ── lends its objects to ──┬─► <session>/repo/        (the agent's)
 *                        one fetch for all sessions of a tenant                └─► <session>/history.git  (ours)
 *
 * A mirror makes the second session on a repository cheap: it costs one look at the remote and a checkout. Both copies
 * borrow objects by alternates and not by hard links, because an agent could write through a link into the mirror.
 * `repo/.git` is used here, once, before any agent has seen it. From then on only History looks at the workspace.
 */
@Injectable()
export class Clones {
  private readonly durations: Histogram<'outcome'>;

  constructor(
    private readonly addresses: AddressChecker,
    private readonly mirrors: Mirrors,
    private readonly checkedMirrors: CheckedMirrors,
    private readonly sessionClone: SessionClone,
    private readonly history: HistoryRepository,
    private readonly checkpoints: Checkpoints,
    private readonly storage: Storage,
    private readonly heads: AgentHeads,
    private readonly limits: WorkspaceLimits,
    metrics: Metrics,
  ) {
    this.durations = metrics.histogram({
      name: 'clone_duration_seconds',
      help: 'Making a workspace: fetching into the mirror, checking out. outcome: made, or why not',
      labelNames: ['outcome'],
      buckets: SECONDS.long.concat(0.1, 0.25).toSorted((a, b) => a - b),
    });
  }

  /**
   * Checks what a person asks for, before any process starts.
   * @returns the same, with the address normalised
   * @throws ProblemError repo_url_*, repo_host_*, ref_invalid (400)
   */
  async checkSource({ repoUrl, ref }: CloneSource): Promise<CloneSource> {
    const address = await this.checkAddress(repoUrl);
    return { repoUrl: address?.url ?? null, ref: ref === null ? null : checkRef(ref) };
  }

  /**
   * Makes the workspace of a session. It may be called again after a crash, and removes what an earlier try left.
   * @throws ProblemError repo_url_*, repo_host_*, clone_*, ref_not_found, and then nothing is left on disk; when
   *   `signal` ended it, its reason or a GitFailure of kind `aborted`
   */
  async createWorkspace(
    ctx: RequestContext,
    sessionId: string,
    { repoUrl, ref, maxBytes = Infinity, credential = null }: CloneSource,
    onProgress: OnCloneProgress,
    signal?: AbortSignal,
  ): Promise<WorkspaceBase> {
    // Checked again, since the host's name may lead to other network addresses by now.
    const address = await this.checkAddress(repoUrl);
    await this.storage.removeWorkspace(sessionId);
    const endTimer = this.durations.startTimer();
    try {
      const base = await withGitAccess(credential, (access) =>
        this.buildAt(ctx, sessionId, { address, ref, onProgress, signal, maxBytes, access }),
      );
      endTimer({ outcome: 'made' });
      return base;
    } catch (error) {
      await this.storage.removeWorkspace(sessionId);
      const problem = toCloneProblem(error);
      endTimer({ outcome: problem instanceof ProblemError ? problem.code : 'broken_off' });
      throw problem;
    }
  }

  /** Takes an address apart, and connects to nothing. @throws ProblemError repo_url_* */
  parseAddress(repoUrl: string): ParsedAddress {
    return parseAddress(repoUrl);
  }

  /**
   * The branches and tags of a repository. Nothing is fetched.
   * @param credential null: as nobody
   * @throws ProblemError repo_url_*, repo_host_*, clone_*
   */
  async listRefs(
    ctx: RequestContext,
    repoUrl: string,
    credential: RemoteCredential | null,
  ): Promise<RepositoryRefs> {
    const address = await this.addresses.checkAddress(repoUrl);
    try {
      const remote = await withGitAccess(credential, (access) =>
        this.mirrors.listRemote(ctx, { address, ref: null, access, onProgress: () => undefined }),
      );
      return namedRefs(remote);
    } catch (error) {
      throw toCloneProblem(error);
    }
  }

  /**
   * Fetches a branch as it is now into what the session's history borrows.
   * @param ref null: the default branch
   * @throws ProblemError repo_url_*, repo_host_*, clone_*, ref_not_found, base_missing
   */
  async fetchBranch(
    ctx: RequestContext,
    sessionId: string,
    request: { repoUrl: string; ref: string | null; credential: RemoteCredential | null },
    signal?: AbortSignal,
  ): Promise<{ branch: string; commit: string }> {
    try {
      const source = await this.checkedMirrors.updateMirror(ctx, { ...request, signal });
      if (isEmptyRemote(source) || source.target.kind !== 'branch')
        throw new ProblemError('base_missing', 'The session began with no branch of the repository.');
      // What a session has borrowed stays where it is: only one that began empty borrows for the first time.
      const lender = await this.history.lenderOf(sessionId);
      if (lender === null) await this.history.borrowObjects(sessionId, source.mirror);
      else if (lender !== source.mirror)
        throw new ProblemError(
          'clone_redirected',
          'The repository has another address now. Start a new session.',
        );
      return { branch: source.target.name, commit: source.target.oid };
    } catch (error) {
      throw toCloneProblem(error);
    }
  }

  /** The keys of a host over ssh, such as `ssh-ed25519 AAAA…`. @throws ProblemError repo_*, clone_unreachable */
  async hostKeys(repoUrl: string): Promise<string[]> {
    const keys = await scanHostKeys(await this.addresses.checkAddress(repoUrl));
    if (keys.length === 0) throw cloneProblem('clone_unreachable');
    return keys;
  }

  /**
   * Makes the workspace of a session that continues another one: a clone of the same commit, without asking the remote. Its
   * history has the tree that is to be restored in it. It may be called again after a crash.
   * @throws ProblemError clone_*, tree_not_found, and then nothing is left on disk
   */
  async forkWorkspace(
    sessionId: string,
    source: ForkSource,
    onProgress: OnCloneProgress,
    signal?: AbortSignal,
  ): Promise<WorkspaceBase> {
    await this.storage.removeWorkspace(sessionId);
    try {
      if (!(await this.history.hasCheckpoint(source.sessionId, source.tree)))
        throw new ProblemError(
          'tree_not_found',
          'The session that this one continues was deleted meanwhile.',
        );
      await mkdir(this.storage.codexHomePath(sessionId), { recursive: true });
      await this.history.createHistory(sessionId);
      const mirror = await this.history.lenderOf(source.sessionId);
      if (mirror !== null) await this.history.borrowObjects(sessionId, mirror);
      await this.history.copyTree(source.sessionId, sessionId, source.tree);
      const base = mirror === null ? { branch: DEFAULT_BRANCH } : await this.targetOf(mirror, source);
      return await this.cloneFrom(sessionId, source.repoUrl, base, { onProgress, signal, ...source });
    } catch (error) {
      await this.storage.removeWorkspace(sessionId);
      throw toCloneProblem(error);
    }
  }

  /** Removes the mirrors, of every tenant, that no workspace has used for this long. @returns how many */
  removeIdleMirrors(idleMs: number): Promise<number> {
    return this.mirrors.removeIdleMirrors(idleMs);
  }

  private checkAddress(repoUrl: string | null): Promise<RepoAddress | null> {
    return repoUrl === null ? Promise.resolve(null) : this.addresses.checkAddress(repoUrl);
  }

  /** Follows a redirect to the same address with `.git`. */
  private async buildAt(
    ctx: RequestContext,
    sessionId: string,
    request: BuildRequest,
  ): Promise<WorkspaceBase> {
    const { address } = request;
    try {
      return await this.buildWorkspace(ctx, sessionId, request);
    } catch (error) {
      if (address === null || !addsOnlyGit(error, address.url)) throw error;
      const moved = await this.checkAddress(`${address.url}.git`);
      await this.storage.removeWorkspace(sessionId);
      return this.buildWorkspace(ctx, sessionId, { ...request, address: moved });
    }
  }

  private async buildWorkspace(
    ctx: RequestContext,
    sessionId: string,
    { address, ref, ...options }: BuildRequest,
  ): Promise<WorkspaceBase> {
    await mkdir(this.storage.codexHomePath(sessionId), { recursive: true });
    const [source] = await allSettled([
      address
        ? this.mirrors.updateMirror(ctx, { address, ref, ...options })
        : Promise.resolve({ branch: 'main' }),
      this.history.createHistory(sessionId),
    ]);
    if (!isEmptyRemote(source)) await this.history.borrowObjects(sessionId, source.mirror);
    return this.cloneFrom(sessionId, address?.url ?? null, source, options);
  }

  private async cloneFrom(
    sessionId: string,
    url: string | null,
    source: MirroredTarget | EmptyRemote,
    { onProgress, signal, maxBytes }: Pick<BuildRequest, 'onProgress' | 'signal' | 'maxBytes'>,
  ): Promise<WorkspaceBase> {
    const repo = this.storage.repoPath(sessionId);
    const clone = await this.sessionClone.makeClone({ repo, url, source, onProgress, signal, maxBytes });
    const baseTree = await this.checkpoints.takeFirstCheckpoint(sessionId, clone);
    return { baseCommit: clone.commit, baseTree, notices: clone.notices };
  }

  /** On the branch that the source was on, if the remote had it. */
  private async targetOf(
    mirror: string,
    { sessionId, ref, baseCommit: oid }: ForkSource,
  ): Promise<MirroredTarget> {
    const head = (await this.heads.readHead(sessionId))?.ref?.slice('refs/heads/'.length);
    const refs = await readRefs(mirror, { timeoutMs: this.limits.localMs });
    const name = [ref, head].find((one) => refs.has(`refs/heads/${one}`));
    return { mirror, target: name ? { kind: 'branch', name, oid } : { kind: 'commit', oid } };
  }
}

interface BuildRequest {
  address: RepoAddress | null;
  ref: string | null;
  onProgress: OnCloneProgress;
  signal?: AbortSignal;
  maxBytes: number;
  access: GitAccess | null;
}
