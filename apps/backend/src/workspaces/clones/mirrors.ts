import { access, mkdir, rename, rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { Injectable } from '@nestjs/common';
import { allSettled } from '@saas-codex/service-kit/all-settled';
import type { RequestContext } from '../../identity/request-context.js';
import { LOCK, Locks } from '../../database/locks.js';
import { BareGit } from '../git/bare-git.js';
import { Git } from '../git/git.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { WorkspacePaths } from '../workspace-paths.js';
import { MirrorFetch, type MirrorRequest, type Wanted } from './mirror-fetch.js';
import { touch } from './mirror-retention.js';
import { type CheckoutTarget, chooseTarget } from './remote-refs.js';

/** A mirror that holds what the workspace shall start on. */
export interface Source {
  mirror: string;
  target: CheckoutTarget;
}

/**
 * Bare mirrors, one per tenant and repository, whose objects the workspaces borrow.
 *
 *     ls-remote ─► what does the remote have? ─┬─► just that? ─► nothing to fetch
 *     for-each-ref ─► what has the mirror? ────┘    └─ no ─► fetch, one at a time per mirror
 *
 * Who waited for another's fetch finds the mirror current and fetches nothing. Objects are never removed, since
 * workspaces borrow them (a whole mirror is, once nobody borrows from it: mirror-retention.ts); refs follow the remote. A new mirror gets its name when it is complete.
 */
@Injectable()
export class Mirrors {
  constructor(
    private readonly git: Git,
    private readonly bare: BareGit,
    private readonly locks: Locks,
    private readonly paths: WorkspacePaths,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** @returns null for a repository without a commit. @throws GitFailure, ProblemError */
  async provide(ctx: RequestContext, request: MirrorRequest): Promise<Source | null> {
    const folder = this.paths.tenantMirrors(ctx.tenantId);
    await mkdir(folder, { recursive: true });
    const mirror = this.paths.mirror(ctx.tenantId, request.address.url);
    const fetchingFor = (one: MirrorRequest) =>
      new MirrorFetch(this.git, this.bare, this.limits, one, folder);
    const looking = fetchingFor(request);
    const [remote, known] = await allSettled([looking.listRemote(), looking.look(mirror)]);
    const target = chooseTarget(remote, request.ref);
    if (target.kind === 'empty') return null;
    await this.locks.withLock(
      LOCK.mirror(relative(this.paths.mirrors, mirror)),
      async (signal) => {
        await this.bringUpToDate(fetchingFor({ ...request, signal }), mirror, { remote, known, target });
        await touch(mirror);
      },
      request.signal,
    );
    return { mirror, target };
  }

  private async bringUpToDate(fetching: MirrorFetch, mirror: string, wanted: Wanted): Promise<void> {
    if (await exists(mirror)) return fetching.update(mirror, wanted);
    const unfinished = `${mirror}.new`;
    await rm(unfinished, { recursive: true, force: true });
    try {
      await fetching.init(unfinished);
      await fetching.update(unfinished, { ...wanted, known: null });
      await rename(unfinished, mirror);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
