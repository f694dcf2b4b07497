import { Inject, Injectable, Logger } from '@nestjs/common';
import type { DiffStat } from '@saas-codex/contracts/diffs';
import { isTerminalEventType, type RunEvent } from '@saas-codex/contracts/events';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import { RUN_TRANSITIONS, RunStatus } from '@saas-codex/contracts/runs';
import { fieldOf } from '@saas-codex/event-log/redis-stream/entry-field';
import { RunLogs } from '@saas-codex/event-log/run-log/run-logs';
import type { Redis } from 'ioredis';
import { transition } from '../database/transition.js';
import type { RequestContext } from '../identity/request-context.js';
import { REDIS } from '../redis.module.js';
import { SessionEntity } from '../sessions/session.entity.js';
import { SessionStore } from '../sessions/session-store.js';
import { Workspaces } from '../workspaces/workspaces.js';
import { RunEntity } from './run.entity.js';
import { RunMetrics } from './run-metrics.js';
import { RunStore } from './run-store.js';

/** A run's state according to its log. silent: the log is empty, so the run has not started. */
export type LogStanding = 'silent' | 'running' | 'ended';

/** Both ends of a run's log. A log that has ended has its terminal event last. */
interface LogEnds {
  first: RunEvent | null;
  terminal: RunEvent | null;
}

/** The workspace after a run. */
interface Outcome {
  treeAfter: string;
  diff: DiffStat;
  sessionDiff: DiffStat;
}

/** How the backend ends a run that no runner has. */
export interface Ending {
  type: 'run.cancelled' | 'run.failed' | 'run.interrupted';
  reason: string;
}

/**
 * Transfers what a run's log says into Postgres. The log is the truth about whether a run started and how it ended. It is
 * written first, and the row follows here, however often this is repeated.
 */
@Injectable()
export class RunSettling {
  private readonly logger = new Logger(RunSettling.name);

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly logs: RunLogs,
    private readonly runs: RunStore,
    private readonly sessions: SessionStore,
    private readonly workspaces: Workspaces,
    private readonly metrics: RunMetrics,
  ) {}

  /** Whether the run's log has ended, regardless of its row. */
  async hasEnded(runId: string): Promise<boolean> {
    return (await this.readEnds(runId)).terminal !== null;
  }

  /** Updates the row of an open run from its log. */
  async catchUp(ctx: RequestContext, run: RunEntity): Promise<LogStanding> {
    const { first, terminal } = await this.endsOf(run);
    if (terminal) {
      await this.recordEnd(ctx, run, terminal);
      return 'ended';
    }
    if (!first) return 'silent';
    if (run.status === 'queued') await this.recordStart(ctx, run, first);
    return 'running';
  }

  /**
   * Ends a run that no runner has: writes the log's terminal event in the runner's place, then the row. A log that has ended
   * already keeps its own end.
   */
  async close(ctx: RequestContext, run: RunEntity, ending: Ending): Promise<void> {
    await this.logs.end(ownerOf(run), ending.type, { reason: ending.reason });
    await this.catchUp(ctx, run);
  }

  /** Redis may have lost the log: an empty one is refilled from the run's spool. */
  private async endsOf(run: RunEntity): Promise<LogEnds> {
    const ends = await this.readEnds(run.id);
    if (ends.first) return ends;
    await this.logs.refill(ownerOf(run));
    return this.readEnds(run.id);
  }

  private async readEnds(runId: string): Promise<LogEnds> {
    const key = REDIS_KEYS.runEvents(runId);
    const [first, last] = await Promise.all([
      this.redis.xrange(key, '-', '+', 'COUNT', 1),
      this.redis.xrevrange(key, '+', '-', 'COUNT', 1),
    ]);
    const lastEvent = eventOf(last[0]);
    const terminal = lastEvent && isTerminalEventType(lastEvent.type) ? lastEvent : null;
    return { first: eventOf(first[0]), terminal };
  }

  private async recordStart(ctx: RequestContext, run: RunEntity, event: RunEvent): Promise<void> {
    const at = new Date(event.at);
    await this.runs.changeIfThere(ctx, run.sessionId, async (tx, session) => {
      const step = { id: run.id, to: 'running', set: { startedAt: at } } as const;
      if (!(await transition(tx, RunEntity, RUN_TRANSITIONS, step))) return;
      await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: at });
    });
  }

  private async recordEnd(ctx: RequestContext, run: RunEntity, event: RunEvent): Promise<void> {
    const outcome = await this.outcomeOf(ctx, run);
    const at = new Date(event.at);
    const set = {
      endedAt: at,
      error: 'reason' in event.data ? event.data.reason : null,
      usage: 'usage' in event.data ? event.data.usage : null,
      treeAfter: outcome?.treeAfter ?? null,
      diff: outcome?.diff ?? null,
    };
    const step = { id: run.id, to: statusAfter(event), set };
    await this.runs.changeIfThere(ctx, run.sessionId, async (tx, session) => {
      if (!(await transition(tx, RunEntity, RUN_TRANSITIONS, step))) return;
      const diff = outcome?.sessionDiff ?? session.diff;
      await tx.of(SessionEntity).update({ id: session.id }, { updatedAt: at, diff });
      tx.afterCommit(() => this.metrics.countEnd(run.kind, step.to));
    });
  }

  /** Reads the workspace before the session's next run changes it. null: the run never had the workspace. */
  private async outcomeOf(ctx: RequestContext, run: RunEntity): Promise<Outcome | null> {
    const session = await this.sessions.find(ctx, run.sessionId);
    if (run.treeBefore === null || !session || session.deletedAt || session.baseTree === null) return null;
    try {
      const treeAfter = await this.workspaces.checkpoint(ctx, session.id);
      const [diff, sessionDiff] = await Promise.all([
        this.workspaces.stat(ctx, session.id, run.treeBefore, treeAfter),
        this.workspaces.stat(ctx, session.id, session.baseTree, treeAfter),
      ]);
      return { treeAfter, diff, sessionDiff };
    } catch (error) {
      // An unreadable workspace must not keep the run from ending.
      this.logger.error(`run ${run.id} ended without a checkpoint: ${String(error)}`, (error as Error).stack);
      return null;
    }
  }
}

/** Why a queued run can never start; null: it still may. */
export function endingOf(session: SessionEntity, run: RunEntity): Ending | null {
  if (run.cancelRequestedAt) return { type: 'run.cancelled', reason: 'Cancelled before it started.' };
  if (session.deletedAt) return { type: 'run.cancelled', reason: 'The session was deleted.' };
  if (session.status === 'archived') return { type: 'run.cancelled', reason: 'The session was archived.' };
  if (session.status === 'failed') {
    const reason = `The session could not be set up. ${session.failureDetail ?? ''}`.trim();
    return { type: 'run.failed', reason };
  }
  return null;
}

const ownerOf = (run: RunEntity) => ({ runId: run.id, sessionId: run.sessionId, tenantId: run.tenantId });

/** `run.succeeded` → `succeeded` */
const statusAfter = (terminal: RunEvent): RunStatus => RunStatus.parse(terminal.type.slice('run.'.length));

function eventOf(entry: [id: string, fields: string[]] | undefined): RunEvent | null {
  if (!entry) return null;
  const json = fieldOf(entry[1], STREAM_FIELDS.event);
  return json === undefined ? null : (JSON.parse(json) as RunEvent);
}
