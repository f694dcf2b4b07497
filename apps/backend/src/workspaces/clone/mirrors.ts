import { access, mkdir, rename, rm } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../../tenants/request-context.js';
import { withFileLock } from '../git/file-lock.js';
import { BareGit } from '../git/bare-git.js';
import { Git } from '../git/git.js';
import { WorkspaceLimits } from '../workspace-limits.js';
import { WorkspacePaths } from '../workspace-paths.js';
import { MirrorFetch, type MirrorRequest } from './mirror-fetch.js';
import { touch } from './mirror-retention.js';
import { type CheckoutTarget, chooseTarget, type RemoteRefs } from './remote-refs.js';

/** A mirror that holds what the workspace shall start on. */
export interface Source {
  mirror: string;
  target: CheckoutTarget;
}

/**
 * Bare mirrors, one per tenant and repository, whose objects the workspaces borrow.
 *
 *     ls-remote ─► what does the remote have? ─► the mirror has just that? ─► nothing to fetch
 *                                                 └─ no ─► fetch, one at a time per mirror
 *
 * Who waited for another's fetch finds the mirror current and fetches nothing. Objects are never removed, since
 * workspaces borrow them (a whole mirror is, once nobody borrows from it: mirror-retention.ts); refs follow the remote. A new mirror gets its name when it is complete.
 */
@Injectable()
export class Mirrors {
  constructor(
    private readonly git: Git,
    private readonly bare: BareGit,
    private readonly paths: WorkspacePaths,
    private readonly limits: WorkspaceLimits,
  ) {}

  /** @returns null for a repository without a commit. @throws GitFailure, ProblemError */
  async provide(ctx: RequestContext, request: MirrorRequest): Promise<Source | null> {
    const folder = this.paths.tenantMirrors(ctx.tenantId);
    await mkdir(folder, { recursive: true });
    const fetching = new MirrorFetch(this.git, this.bare, this.limits, request, folder);
    const remote = await fetching.listRemote();
    const target = chooseTarget(remote, request.ref);
    if (target.kind === 'empty') return null;
    const mirror = this.paths.mirror(ctx.tenantId, request.address.url);
    await withFileLock(
      mirror,
      async () => {
        await this.bringUpToDate(fetching, mirror, remote, target);
        await touch(mirror);
      },
      request.signal,
    );
    return { mirror, target };
  }

  private async bringUpToDate(
    fetching: MirrorFetch,
    mirror: string,
    remote: RemoteRefs,
    target: CheckoutTarget,
  ) {
    if (await exists(mirror)) {
      await fetching.update(mirror, remote, target);
      return;
    }
    const unfinished = `${mirror}.new`;
    await rm(unfinished, { recursive: true, force: true });
    try {
      await fetching.init(unfinished);
      await fetching.update(unfinished, remote, target);
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
