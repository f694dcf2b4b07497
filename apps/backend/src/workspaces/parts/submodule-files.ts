import { isUtf8 } from 'node:buffer';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { RequestContext } from '../../identity/request-context.js';
import { parseAddress } from '../addresses/parse-address.js';
import { CheckedMirrors } from '../clones/checked-mirrors.js';
import { type CheckoutCost, CheckoutCosts } from '../clones/checkout-cost.js';
import { cloneProblem, toCloneProblem } from '../clones/clone-problems.js';
import { isEmptyRemote, type UpdatedMirror } from '../clones/mirrors.js';
import { type MissingPart, missingSubmodules } from '../clones/missing-parts.js';
import { Git } from '../git/git.js';
import { HistoryRepository } from '../history/history-repository.js';
import { Submodules } from '../history/submodules.js';
import { DirectoryHandle } from '../storage/directory-handle.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { Gitmodules, submoduleAddress, type SubmoduleLink } from './gitmodules.js';
import { missingReason } from './missing-reason.js';
import type { FetchedPart, PartRequest } from './part-request.js';

/** How deep submodules of submodules are fetched. */
const MAX_DEPTH = 5;
const MAX_SUBMODULES = 100;

/** The session's repository, or one of its submodules. */
interface Repository {
  /** Bytes of its path in the session's repository, in latin1: empty, or with a slash at its end. */
  path: string;
  /** Normalised. */
  url: string;
  mirror: string;
  commit: string;
  depth: number;
}

/** What has been done for a session so far. */
interface Progress {
  ctx: RequestContext;
  sessionId: string;
  open: PartRequest['open'];
  /** Ends with the request, or with the time for all submodules together. */
  signal: AbortSignal;
  /** Of what may be fetched and written. */
  bytesLeft: number;
  written: CheckoutCost;
  tried: number;
  missing: MissingPart[];
}

/**
 * Puts the files of submodules into a session's clone, before any agent has seen it.
 *
 *     commit ─► links, .gitmodules ─► address ─ check, credential ─► mirror ─ cost ─► plain files in the link's folder ─┐
 *        ▲                                                                                                             │
 *        └──────────────────────────────── each submodule's own commit ◄────────────────────────────────────────────────┘
 *
 * What a repository says is read from its mirror alone. Addresses and names are the repository's to choose, so each one goes the
 * way of an address that a person gives. The folders get no `.git`: git runs in none of them, now or later.
 */
@Injectable()
export class SubmoduleFiles {
  constructor(
    private readonly git: Git,
    private readonly mirrors: CheckedMirrors,
    private readonly costs: CheckoutCosts,
    private readonly history: HistoryRepository,
    private readonly submodules: Submodules,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
  ) {}

  /**
   * @param request `commit`: the one that is checked out
   * @throws when the request's signal ends it, or a store is away
   */
  async fetch(
    ctx: RequestContext,
    sessionId: string,
    { repoUrl, commit, open, maxBytes, signal }: PartRequest & { commit: string },
  ): Promise<FetchedPart> {
    const mirror = await this.history.lenderOf(sessionId);
    // Without commits, there are no submodules.
    if (mirror === null) return { notice: null, bytes: 0 };
    const progress: Progress = {
      ctx,
      sessionId,
      open,
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.limits.fetchMs)]),
      bytesLeft: maxBytes,
      written: { files: 0, bytes: 0 },
      tried: 0,
      missing: [],
    };
    let level: Repository[] = [{ path: '', url: repoUrl, mirror, commit, depth: 0 }];
    while (level.length > 0) {
      const next: Repository[] = [];
      for (const parent of level) next.push(...(await this.fillSubmodulesOf(parent, progress)));
      level = next;
      signal.throwIfAborted();
    }
    await this.submodules.rememberFetched(sessionId);
    return { notice: missingSubmodules(progress.missing), bytes: progress.written.bytes };
  }

  /** @returns those that have their files now */
  private async fillSubmodulesOf(parent: Repository, progress: Progress): Promise<Repository[]> {
    const { signal } = progress;
    const modules = new Gitmodules(this.git, parent.mirror, { timeoutMs: this.limits.localMs, signal });
    const links = await this.attempt(progress, `${parent.path}.gitmodules`, () =>
      modules.linksOf(parent.commit),
    );
    if (links === null || links.length === 0) return [];
    const addresses = modules.addressesOf(parent.commit);
    const filled: Repository[] = [];
    for (const link of links) {
      const child = await this.attempt(progress, parent.path + link.path, async () =>
        this.fill(parent, link, (await addresses).get(link.path) ?? '', progress),
      );
      if (child !== null) filled.push(child);
    }
    return filled;
  }

  /** Notes what is missing when the work fails. */
  private async attempt<T>(progress: Progress, path: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      const name = Buffer.from(path, 'latin1').toString('utf8');
      progress.missing.push({ name, reason: missingReason(error, progress.signal) });
      return null;
    }
  }

  private async fill(
    parent: Repository,
    link: SubmoduleLink,
    address: string,
    progress: Progress,
  ): Promise<Repository> {
    const path = parent.path + link.path;
    if (parent.depth === MAX_DEPTH) throw notFetched('It is too deep in other submodules.');
    if (++progress.tried > MAX_SUBMODULES) throw notFetched(`Only ${MAX_SUBMODULES} submodules are fetched.`);
    if (!isUtf8(Buffer.from(path, 'latin1'))) throw notFetched('Its name is not UTF-8.');
    if (address === '') throw notFetched('The .gitmodules file has no address for it.');
    const { url } = parseAddress(submoduleAddress(parent.url, address));
    const mirror = await this.fetchCommit(url, link.commit, progress);
    const target = { kind: 'commit', oid: link.commit } as const;
    const { signal, bytesLeft: maxBytes, written: before } = progress;
    const cost = await this.costs.checkCost({ mirror, target }, { signal, maxBytes, before });
    await this.writeFiles(progress, Buffer.from(path, 'latin1'), { mirror, commit: link.commit });
    progress.bytesLeft -= cost.bytes;
    progress.written = { files: before.files + cost.files, bytes: before.bytes + cost.bytes };
    return { path: `${path}/`, url, mirror, commit: link.commit, depth: parent.depth + 1 };
  }

  /** @returns the mirror that has the commit */
  private async fetchCommit(url: string, commit: string, progress: Progress): Promise<string> {
    const { ctx, signal, bytesLeft: maxBytes } = progress;
    const source = await progress.open(url, (credential) =>
      this.mirrors
        .updateMirror(ctx, { repoUrl: url, ref: commit, credential, signal, maxBytes })
        .catch((error: unknown): Promise<UpdatedMirror> => {
          throw isRefNotFound(error) ? commitNotFound(commit) : toCloneProblem(error);
        }),
    );
    // A remote may have a branch of this name.
    if (isEmptyRemote(source) || source.target.oid !== commit) throw commitNotFound(commit);
    progress.bytesLeft -= source.fetched;
    return source.mirror;
  }

  /** Writes the files of a commit into an empty folder of the clone, without any git directory. */
  private async writeFiles(
    { sessionId, signal }: Progress,
    path: Buffer,
    { mirror, commit }: Pick<Repository, 'mirror' | 'commit'>,
  ): Promise<void> {
    const repo = this.storage.repoPath(sessionId);
    if (!(await isEmptyFolder(repo, path))) throw notFetched('It has no empty folder of its own.');
    const folder = join(repo, path.toString('utf8'));
    const own = await mkdtemp(join(this.storage.historyPath(sessionId), 'submodule-'));
    try {
      await this.git.runCommand({
        args: ['read-tree', '--reset', '-u', commit],
        cwd: folder,
        gitDir: mirror,
        workTree: folder,
        env: { GIT_INDEX_FILE: join(own, 'index') },
        timeoutMs: this.limits.localMs,
        signal,
      });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
      throw error;
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }
}

/** False also when a link is on the way. */
async function isEmptyFolder(repo: string, path: Buffer): Promise<boolean> {
  const root = await DirectoryHandle.openPath(repo);
  try {
    const folder = await root.openDescendant(path);
    if (folder === null) return false;
    try {
      for await (const _ of folder.entries()) return false;
      return true;
    } finally {
      folder.close();
    }
  } finally {
    root.close();
  }
}

const notFetched = (sentence: string) => cloneProblem('clone_failed', sentence);

const isRefNotFound = (error: unknown) => error instanceof ProblemError && error.code === 'ref_not_found';

const commitNotFound = (commit: string) =>
  notFetched(`Its repository does not have its commit ${commit.slice(0, 12)}, or does not give it out.`);
