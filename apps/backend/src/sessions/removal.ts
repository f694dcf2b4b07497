import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../identity/request-context.js';
import { Storage } from '../workspaces/storage/storage.js';
import type { SessionEntity } from './session.entity.js';
import type { Outcome } from '../reconcile/session-loop.js';
import { SessionRuns } from './session-runs.js';
import { SessionStore } from './session-store.js';

/**
 * Removes a deleted session: first its runs end, since they work in the folder, then the folder goes, then the runs
 * and their logs, and last the row that remembers that all this is to be done.
 */
@Injectable()
export class Removal {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: SessionRuns,
    private readonly storage: Storage,
  ) {}

  async remove(ctx: RequestContext, session: SessionEntity): Promise<Outcome> {
    if (!(await this.runs.haveEnded(ctx, session.id))) {
      this.runs.attend({ tenantId: session.tenantId, sessionId: session.id });
      return 'again';
    }
    await this.storage.removeWorkspace(session.id);
    await this.runs.remove(ctx, session.id);
    await this.sessions.removeRow(ctx, session.id);
    return 'done';
  }
}
