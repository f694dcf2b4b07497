import type { RunStatusActivity } from '@saas-codex/contracts/activity';
import {
  EVENT_VERSION,
  type EventData,
  type EventType,
  type RunEvent,
  type TerminalEventType,
} from '@saas-codex/contracts/events';
import type { RunStatus } from '@saas-codex/contracts/runs';

export interface RunLogOwner {
  runId: string;
  sessionId: string;
  tenantId: string;
}

export function envelope(
  owner: RunLogOwner,
  seq: number,
  type: EventType,
  data: EventData<EventType>,
): RunEvent {
  return {
    v: EVENT_VERSION,
    run_id: owner.runId,
    session_id: owner.sessionId,
    tenant_id: owner.tenantId,
    seq,
    at: new Date().toISOString(),
    type,
    data,
  } as RunEvent;
}

export const FINAL_STATUS: Record<TerminalEventType, RunStatus> = {
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.cancelled': 'cancelled',
  'run.interrupted': 'interrupted',
};

/** The activity that tells the run's new status; it has the event's time. */
export function statusActivity(
  owner: RunLogOwner,
  status: RunStatus,
  event: RunEvent,
): { type: string; json: string } {
  const activity: RunStatusActivity = {
    v: 1,
    type: 'run.status',
    tenant_id: owner.tenantId,
    session_id: owner.sessionId,
    run_id: owner.runId,
    at: event.at,
    status,
    error: 'reason' in event.data ? event.data.reason : null,
    usage: 'usage' in event.data ? (event.data.usage ?? null) : null,
  };
  return { type: activity.type, json: JSON.stringify(activity) };
}
