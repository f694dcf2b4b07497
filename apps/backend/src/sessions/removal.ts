import { Injectable } from '@nestjs/common';
import type { RequestContext } from '../identity/request-context.js';
import { Workspaces } from '../workspaces/workspaces.js';
import type { SessionEntity } from './session.entity.js';
import type { Outcome } from '../reconcile/session-loop.js';
import { RunsPort } from './runs-port.js';
import { SessionStore } from './session-store.js';

/**
 * Removes a deleted session. Its runs must end first, since they work in its folder. Then it removes the folder, the runs
 * with their logs, and last the session's row, which until then records that there is something to remove.
 */
@Injectable()
export class Removal {
  constructor(
    private readonly sessions: SessionStore,
    private readonly runs: RunsPort,
    private readonly workspaces: Workspaces,
  ) {}

  async remove(ctx: RequestContext, session: SessionEntity): Promise<Outcome> {
    if (!(await this.runs.haveEnded(ctx, session.id))) {
      this.runs.kick({ tenantId: session.tenantId, sessionId: session.id });
      return 'again';
    }
    await this.workspaces.remove(ctx, session.id);
    await this.runs.remove(ctx, session.id);
    await this.sessions.removeRow(ctx, session.id);
    return 'done';
  }
}
