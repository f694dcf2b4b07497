import { Inject, Injectable } from '@nestjs/common';
import type { RunEvent } from '@saas-codex/contracts/events';
import { RunStatus } from '@saas-codex/contracts/runs';
import { endRunLog } from '@saas-codex/platform/run-log/run-log.writer';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis.module.js';
import type { SessionEntity } from '../sessions/session.entity.js';
import type { RequestContext } from '../tenants/request-context.js';
import type { RunEntity } from './run.entity.js';
import { readRunLogState } from './run-log-state.js';
import { RunSettling, type ToldStatus } from './run-settling.js';

export interface Ending {
  type: 'run.cancelled' | 'run.failed';
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

/** Ends the runs that no runner holds, and reads from the logs how the others stand. */
@Injectable()
export class RunClosing {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly settling: RunSettling,
  ) {}

  /** Writes the closing event in the runner's place, then the row; a log that has ended already keeps its own end. */
  async close(ctx: RequestContext, run: RunEntity, ending: Ending): Promise<void> {
    const owner = { runId: run.id, sessionId: run.sessionId, tenantId: run.tenantId };
    await endRunLog(this.redis, owner, ending.type, { reason: ending.reason });
    await this.catchUp(ctx, run);
  }

  /**
   * Applies what the log says and nobody has reported: the report was lost, or came while we were away.
   * @returns how the run stands in its log
   */
  async catchUp(ctx: RequestContext, run: RunEntity): Promise<'unknown' | 'running' | 'ended'> {
    const { first, end } = await readRunLogState(this.redis, run.id);
    if (end) {
      await this.settling.apply(ctx, toldBy(end));
      return 'ended';
    }
    if (!first) return 'unknown';
    if (run.status === 'queued') await this.settling.apply(ctx, toldBy(first));
    return 'running';
  }
}

/** The status that `run.started` or a terminal event tells. */
const toldBy = (event: RunEvent): ToldStatus => ({
  run_id: event.run_id,
  session_id: event.session_id,
  at: event.at,
  status: event.type === 'run.started' ? 'running' : RunStatus.parse(event.type.replace(/^run\./, '')),
  error: 'reason' in event.data ? event.data.reason : null,
  usage: 'usage' in event.data ? (event.data.usage ?? null) : null,
});
