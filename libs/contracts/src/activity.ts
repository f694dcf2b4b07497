import { z } from 'zod';
import { RunStatus, Usage } from './runs.js';
import { Session, SessionStatus } from './sessions.js';

/**
 * `codex:activity`: one small capped Redis stream of what happens to sessions and runs. The runner reports
 * `run.status`; the backend applies it to Postgres and then tells the result as `session.updated`. Browsers get
 * their tenant's part as SSE on `GET /api/events`; others may read it with a consumer group of their own.
 */
const base = { v: z.literal(1), tenant_id: z.string(), session_id: z.uuid(), at: z.iso.datetime() };

export const RunStatusActivity = z.object({
  ...base,
  type: z.literal('run.status'),
  run_id: z.uuid(),
  status: RunStatus,
  error: z.string().nullable(),
  usage: Usage.nullable(),
});
export type RunStatusActivity = z.infer<typeof RunStatusActivity>;

/** A session changed in Postgres (status, title, counts, diff): carries what lists show. */
export const SessionUpdatedActivity = z.object({
  ...base,
  type: z.literal('session.updated'),
  session: Session,
});
export type SessionUpdatedActivity = z.infer<typeof SessionUpdatedActivity>;

export const SessionDeletedActivity = z.object({ ...base, type: z.literal('session.deleted') });

/** How far the clone is. */
export const SessionProgressActivity = z.object({
  ...base,
  type: z.literal('session.progress'),
  status: SessionStatus,
  phase: z.enum(['resolving', 'fetching', 'checking_out', 'opening_thread']),
  percent: z.int().min(0).max(100).nullable(),
});
export type SessionProgressActivity = z.infer<typeof SessionProgressActivity>;

export const Activity = z
  .discriminatedUnion('type', [
    RunStatusActivity,
    SessionUpdatedActivity,
    SessionDeletedActivity,
    SessionProgressActivity,
  ])
  .meta({ id: 'Activity' });
export type Activity = z.infer<typeof Activity>;
export type ActivityType = Activity['type'];
export const ACTIVITY_TYPES = [
  'run.status',
  'session.updated',
  'session.deleted',
  'session.progress',
] as const;
