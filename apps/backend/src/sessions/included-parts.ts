import { Injectable } from '@nestjs/common';
import type { RepositoryPart, SessionNotice } from '@saas-codex/contracts/sessions';
import { RepositoryAccess } from '../credentials/repository-access.js';
import type { RequestContext } from '../identity/request-context.js';
import type { WorkspaceBase } from '../workspaces/clones/clones.js';
import { LfsFiles } from '../workspaces/parts/lfs-files.js';
import { SubmoduleFiles } from '../workspaces/parts/submodule-files.js';
import type { SessionEntity } from './session.entity.js';
import { ownerOf } from './session-view.js';

/**
 * Fetches what a session asked for besides the repository itself, before any agent has seen the workspace. What cannot be
 * fetched keeps no session from starting: a notice names it, with the reason.
 */
@Injectable()
export class IncludedParts {
  constructor(
    private readonly access: RepositoryAccess,
    private readonly lfs: LfsFiles,
    private readonly submodules: SubmoduleFiles,
  ) {}

  /**
   * @param maxBytes that all of it may take
   * @returns what the workspace still lacks
   * @throws only when `signal` ends it, or a store is away
   */
  async fetch(
    ctx: RequestContext,
    session: SessionEntity,
    { base, maxBytes, signal }: { base: WorkspaceBase; maxBytes: number; signal: AbortSignal },
  ): Promise<SessionNotice[]> {
    const { id, repoUrl, include } = session;
    if (repoUrl === null) return base.notices;
    const notices = new Map(base.notices.map((notice) => [notice.code, notice]));
    const isWanted = (part: RepositoryPart, code: SessionNotice['code']) =>
      include.includes(part) && notices.has(code);
    const replace = (code: SessionNotice['code'], notice: SessionNotice | null) =>
      notice ? notices.set(code, notice) : notices.delete(code);
    let left = maxBytes;
    /** Opens an address as the session's owner may. */
    const open = <T>(url: string, work: Parameters<typeof this.access.withAccess<T>>[3]) =>
      this.access.withAccess(ctx, ownerOf(session), url, work);
    if (isWanted('lfs', 'lfs_files_missing')) {
      const { notice, bytes } = await this.lfs.fetch(id, { repoUrl, open, maxBytes: left, signal });
      replace('lfs_files_missing', notice);
      left -= bytes;
    }
    if (isWanted('submodules', 'submodules_missing')) {
      const request = { repoUrl, commit: base.baseCommit, open, maxBytes: left, signal };
      const { notice } = await this.submodules.fetch(ctx, id, request);
      replace('submodules_missing', notice);
    }
    return [...notices.values()];
  }
}
