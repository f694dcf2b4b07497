import { Injectable } from '@nestjs/common';
import type { Home } from '@saas-codex/contracts/home';
import type { IgnoredFiles, IgnoredFilesQuery } from '@saas-codex/contracts/ignored-files';
import { RequestAudit } from '../audit/request-audit.js';
import type { RequestContext } from '../identity/request-context.js';
import { auditedTitle } from '../sessions/session-audit.js';
import { RunsPort } from '../sessions/runs-port.js';
import { SessionStore } from '../sessions/session-store.js';
import { Leftovers } from '../workspaces/leftovers/leftovers.js';
import type { Download } from '../workspaces/storage/storage.js';
import { baseOf } from './session-trees.js';

/** What the runs of a session left behind and no diff shows. Each method throws the problems of `baseOf`, too. */
@Injectable()
export class LeftoversService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunsPort,
    private readonly leftovers: Leftovers,
    private readonly audit: RequestAudit,
  ) {}

  async listIgnored(ctx: RequestContext, sessionId: string, query: IgnoredFilesQuery): Promise<IgnoredFiles> {
    baseOf(await this.sessions.get(ctx, sessionId));
    return this.leftovers.ignoredFiles(ctx, sessionId, query);
  }

  async downloadIgnored(ctx: RequestContext, sessionId: string, path: string): Promise<Download> {
    baseOf(await this.sessions.get(ctx, sessionId));
    return this.leftovers.ignoredFile(ctx, sessionId, path);
  }

  async archiveIgnored(ctx: RequestContext, sessionId: string, folder?: string): Promise<Download> {
    baseOf(await this.sessions.get(ctx, sessionId));
    return this.leftovers.ignoredArchive(ctx, sessionId, folder);
  }

  async readHome(ctx: RequestContext, sessionId: string): Promise<Home> {
    baseOf(await this.sessions.get(ctx, sessionId));
    return this.leftovers.home(ctx, sessionId);
  }

  /** The session's row is locked meanwhile, so no run can begin. @throws ProblemError session_busy */
  async resetHome(ctx: RequestContext, sessionId: string): Promise<void> {
    await this.sessions.change(ctx, sessionId, async (tx, session) => {
      baseOf(session);
      await this.runs.refuseWhenBusy(tx, session);
      await this.leftovers.resetHome(sessionId);
      await this.audit.recordIn(tx, ctx, { target: { name: auditedTitle(session) } });
    });
  }
}
