import { access, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Injectable } from '@nestjs/common';
import { WORKSPACE } from '@saas-codex/contracts/workspace-layout';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import type { RequestContext } from '../../identity/request-context.js';
import { LOCK, type LockName, Locks } from '../../database/locks.js';
import { Git } from '../git/git.js';
import { GitCertificates } from '../git/git-certificates.js';
import { Storage } from '../storage/storage.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { isRefGone, MirrorFetch, type MirrorRequest, type WantedState } from './mirror-fetch.js';
import { chooseTarget, type CommitTarget, type RemoteRefs } from './remote-refs.js';

/** A mirror that holds what the workspace starts on. */
export interface MirroredTarget {
  mirror: string;
  target: CommitTarget;
}

/** What an update has left. */
export interface UpdatedMirror extends MirroredTarget {
  /** Bytes that it fetched, packed. */
  fetched: number;
}

/** A remote without a commit, and the branch on which work starts there. */
export interface EmptyRemote {
  branch: string;
}

export const isEmptyRemote = (source: MirroredTarget | EmptyRemote): source is EmptyRemote =>
  'branch' in source;

const DEFAULT_BRANCH = 'main';

const MIRROR = /^[0-9a-f]{64}\.git$/;
/** Longer than a workspace takes from the fetch of its mirror until its `history.git` says what it borrows from. */
const MIN_IDLE_MS = 24 * 60 * 60_000;

/**
 * Bare mirrors, one per tenant and repository, whose objects the workspaces borrow.
 *
 *     ls-remote    ─► refs of the remote ─┬─ the same ─► nothing to fetch
 *     for-each-ref ─► refs of the mirror ─┴─ else ─────► fetch, one at a time per mirror
 *
 * A mirror holds all branches and tags of a remote that has few of them, else the default branch and what sessions asked
 * for. A request that waited for another one's fetch finds the mirror current and fetches nothing. Refs follow the remote,
 * but objects are never removed, since workspaces borrow them. A new mirror gets its name when it is complete.
 *
 * A mirror is removed as a whole, and only when no workspace needs it:
 *
 *     in use        the history.git of a workspace borrows from it (alternates): it counts as used now
 *     in use soon   its last fetch, which marks it as used, is less than a day ago
 *     unused        not used for long enough, checked again under its lock: moved to the trash in one step
 *
 * A clone that starts meanwhile waits for the lock, then finds no mirror and makes one.
 */
@Injectable()
export class Mirrors {
  constructor(
    private readonly git: Git,
    private readonly locks: Locks,
    private readonly storage: Storage,
    private readonly limits: WorkspaceLimits,
    private readonly certificates: GitCertificates,
  ) {}

  /** @throws GitFailure, ProblemError */
  async updateMirror(ctx: RequestContext, request: MirrorRequest): Promise<UpdatedMirror | EmptyRemote> {
    try {
      return await this.tryUpdate(ctx, request);
    } catch (error) {
      if (!isRefGone(error)) throw error;
      return this.tryUpdate(ctx, request);
    }
  }

  private async tryUpdate(ctx: RequestContext, request: MirrorRequest): Promise<UpdatedMirror | EmptyRemote> {
    const mirror = this.storage.mirrorPath(ctx.tenantId, request.address.url);
    const looking = await this.fetching(ctx, request);
    const [remote, known] = await allSettled([looking.listRemote(), looking.readMirrorRefs(mirror)]);
    const target = chooseTarget(remote, request.ref);
    if (target.kind === 'empty') return { branch: (await looking.readUnbornBranch()) ?? DEFAULT_BRANCH };
    const fetched = await this.locks.withLock(
      this.lockOf(mirror),
      async (signal) => {
        const fetching = await this.fetching(ctx, { ...request, signal });
        await this.fetchInto(mirror, fetching, { remote, known, target });
        await markUsed(mirror);
        return fetching.fetchedBytes;
      },
      request.signal,
    );
    return { mirror, target, fetched };
  }

  /** What the remote has. Fetches nothing. @throws GitFailure, ProblemError */
  async listRemote(ctx: RequestContext, request: MirrorRequest): Promise<RemoteRefs> {
    return (await this.fetching(ctx, request)).listRemote();
  }

  /** Removes the mirrors, of every tenant, that have not been used for this long. @returns how many */
  async removeIdleMirrors(idleMs: number): Promise<number> {
    const limit = Math.max(idleMs, MIN_IDLE_MS);
    const borrowed = await this.listBorrowed();
    let removed = 0;
    for (const mirror of await this.listMirrors()) {
      if (borrowed.has(mirror)) await markUsed(mirror);
      else if (await this.removeIfIdle(mirror, limit)) removed += 1;
    }
    return removed;
  }

  private async fetching({ tenantId }: RequestContext, request: MirrorRequest): Promise<MirrorFetch> {
    const folder = this.storage.tenantMirrorsPath(tenantId);
    await mkdir(folder, { recursive: true });
    return new MirrorFetch(this.git, this.limits, request, folder, this.certificates.file);
  }

  private async fetchInto(mirror: string, fetching: MirrorFetch, wanted: WantedState): Promise<void> {
    if (await exists(mirror)) return fetching.fetchMissing(mirror, wanted);
    const unfinished = `${mirror}.new`;
    await rm(unfinished, { recursive: true, force: true });
    try {
      await this.git.createBareRepository(unfinished);
      await fetching.fetchMissing(unfinished, { ...wanted, known: null });
      await rename(unfinished, mirror);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }

  private async removeIfIdle(mirror: string, idleMs: number): Promise<boolean> {
    if (!(await isIdle(mirror, idleMs))) return false;
    // A taken lock is a fetch, which may wait for its host. The mirror is in use then.
    const removed = await this.locks.tryWithLock(this.lockOf(mirror), async () => {
      if (!(await isIdle(mirror, idleMs)) || (await this.listBorrowed()).has(mirror)) return false;
      await this.storage.removeMirror(mirror);
      return true;
    });
    return removed ?? false;
  }

  private lockOf(mirror: string): LockName {
    return LOCK.mirror(relative(this.storage.mirrorsPath, mirror));
  }

  private async listMirrors(): Promise<string[]> {
    const root = this.storage.mirrorsPath;
    const tenants = await namesIn(root);
    const found = await Promise.all(
      tenants.map(async (tenant) =>
        (await namesIn(join(root, tenant)))
          .filter((name) => MIRROR.test(name))
          .map((name) => join(root, tenant, name)),
      ),
    );
    return found.flat();
  }

  /** The mirrors that workspaces borrow from, as their `history.git` says, which no agent can change. */
  private async listBorrowed(): Promise<Set<string>> {
    const mirrors = new Set<string>();
    for (const folder of await namesIn(this.storage.root)) {
      const alternates = join(this.storage.root, folder, WORKSPACE.history, 'objects', 'info', 'alternates');
      for (const line of (await readIfPresent(alternates)).split('\n'))
        if (line !== '') mirrors.add(dirname(line));
    }
    return mirrors;
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function markUsed(mirror: string): Promise<void> {
  const now = new Date();
  await utimes(mirror, now, now).catch(unlessAbsent(undefined));
}

async function isIdle(mirror: string, idleMs: number): Promise<boolean> {
  const found = await stat(mirror).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > idleMs;
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(unlessAbsent([]));
const readIfPresent = (file: string): Promise<string> => readFile(file, 'utf8').catch(unlessAbsent(''));

/** Something that cannot be read for another reason than its absence must not count as unused. */
const unlessAbsent =
  <T>(nothing: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return nothing;
    throw error;
  };
