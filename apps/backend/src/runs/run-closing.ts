import { Injectable } from '@nestjs/common';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { SessionEntity } from '../sessions/session.entity.js';
import type { RequestContext } from '../identity/request-context.js';
import type { RunEntity } from './run.entity.js';
import { RunSettling } from './run-settling.js';

export interface Ending {
  type: 'run.cancelled' | 'run.failed' | 'run.interrupted';
  reason: string;
}

/** Why a run that waits will never start; null: it may still. */
export function endingOf(session: SessionEntity, run: RunEntity): Ending | null {
  if (run.cancelRequestedAt) return { type: 'run.cancelled', reason: 'Cancelled before it started.' };
  if (session.deletedAt) return { type: 'run.cancelled', reason: 'The session was deleted.' };
  if (session.status === 'archived') return { type: 'run.cancelled', reason: 'The session was archived.' };
  if (session.status === 'failed') {
    return {
      type: 'run.failed',
      reason: `The session could not be set up. ${session.failureDetail ?? ''}`.trim(),
    };
  }
  return null;
}

/** Ends runs that no runner holds. */
@Injectable()
export class RunClosing {
  constructor(
    private readonly logs: RunLogs,
    private readonly settling: RunSettling,
  ) {}

  /** Writes the log's closing event in the runner's place, then the row. A log that has ended keeps its own end. */
  async close(ctx: RequestContext, run: RunEntity, ending: Ending): Promise<void> {
    const owner = { runId: run.id, sessionId: run.sessionId, tenantId: run.tenantId };
    await this.logs.endLog(owner, ending.type, { reason: ending.reason });
    await this.settling.catchUp(ctx, run);
  }
}
