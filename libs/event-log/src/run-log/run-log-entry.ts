import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import { BEFORE_FIRST_EVENT, type EventId, parseEventId } from '@saas-codex/contracts/event-ids';
import {
  EVENT_VERSION,
  type EventData,
  type EventType,
  type RunEventOf,
  type TerminalEventType,
} from '@saas-codex/contracts/events';
import { REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { RunStatus } from '@saas-codex/contracts/runs';
import type { Redis } from 'ioredis';
import { fieldOf } from '../redis-stream/stream-entry.js';

export interface RunLogOwner {
  runId: string;
  sessionId: string;
  tenantId: string;
}

/** An event of this run, written now. */
export function createEvent<T extends EventType>(
  owner: RunLogOwner,
  seq: number,
  type: T,
  data: EventData<T>,
): RunEventOf<T> {
  return {
    v: EVENT_VERSION,
    run_id: owner.runId,
    session_id: owner.sessionId,
    tenant_id: owner.tenantId,
    seq,
    at: new Date().toISOString(),
    type,
    data,
  };
}

/** The status of a run whose log has this last event. */
export const FINAL_STATUS: Record<TerminalEventType, RunStatus> = {
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.cancelled': 'cancelled',
  'run.interrupted': 'interrupted',
};

/** The activity that reports the run's new status; it has the event's time. */
export function statusActivity(
  owner: RunLogOwner,
  status: RunStatus,
  { at, data }: { at: string; data: EventData<TerminalEventType | 'run.started'> },
): RunStatusActivity {
  return {
    v: 1,
    type: 'run.status',
    tenant_id: owner.tenantId,
    session_id: owner.sessionId,
    run_id: owner.runId,
    at,
    status,
    error: 'reason' in data ? data.reason : null,
    usage: 'usage' in data ? (data.usage ?? null) : null,
  };
}

export interface LastEntry {
  id: EventId;
  /** undefined: the log is empty. */
  type?: string | undefined;
  writer?: string | undefined;
}

/** The last entry that a run's log has in Redis now. */
export async function readLastEntry(redis: Redis, runId: string): Promise<LastEntry> {
  const [entry] = await redis.xrevrange(REDIS_KEYS.runEvents(runId), '+', '-', 'COUNT', 1);
  if (!entry) return { id: BEFORE_FIRST_EVENT };
  const [id, fields] = entry;
  return {
    id: parseEventId(id) ?? BEFORE_FIRST_EVENT,
    type: fieldOf(fields, STREAM_FIELDS.type),
    writer: fieldOf(fields, STREAM_FIELDS.writer),
  };
}
