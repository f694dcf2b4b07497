import { z } from 'zod';
import { LIMIT_PERIODS, LIMIT_SCOPES, LIMIT_UNITS } from './limits.js';
import { openEnum, readJson, UNKNOWN } from './open-reading.js';
import { Presence } from './presence.js';
import { RUN_STATUSES, Usage } from './runs.js';
import { Session, SESSION_STATUSES } from './sessions.js';

/**
 * `codex:activity:{tenant_id}`: a small capped Redis stream per tenant with what happens to its sessions and runs. The
 * runner reports `run.status`; the backend applies it to Postgres and then publishes the result as `session.updated`.
 * Browsers get their tenant's stream as SSE on `GET /api/events`; other consumers may read it with a consumer group of
 * their own.
 */
const base = { v: z.literal(1), tenant_id: z.string(), session_id: z.uuid(), at: z.iso.datetime() };

export const RunStatusActivity = z.object({
  ...base,
  type: z.literal('run.status'),
  run_id: z.uuid(),
  status: openEnum(RUN_STATUSES),
  error: z.string().nullable(),
  usage: Usage.nullable(),
});
export type RunStatusActivity = z.infer<typeof RunStatusActivity>;

/** Bytes of JSON that a session's network and setup may take in an activity. The other fields are small. */
export const ACTIVITY_SETTINGS_BYTES = 2_048;

/** A session changed in Postgres (status, title, counts, diff): carries what lists show. */
export const SessionUpdatedActivity = z.object({
  ...base,
  type: z.literal('session.updated'),
  session: Session.partial({ network: true, setup: true })
    .describe('`network` and `setup` are left out when they are large: read the session')
    .meta({ id: 'ActivitySession' }),
});
export type SessionUpdatedActivity = z.infer<typeof SessionUpdatedActivity>;

export const SessionDeletedActivity = z.object({ ...base, type: z.literal('session.deleted') });

/** A session has become private: from now on only its owner reads it. */
export const SessionHiddenActivity = z.object({
  ...base,
  type: z.literal('session.hidden'),
  owner_id: z.string(),
});
export type SessionHiddenActivity = z.infer<typeof SessionHiddenActivity>;

/** Somebody began or ceased to watch a session. */
export const SessionPresenceActivity = z.object({
  ...base,
  ...Presence.shape,
  type: z.literal('session.presence'),
});
export type SessionPresenceActivity = z.infer<typeof SessionPresenceActivity>;

/** A person has read a session, or marked it as unread. Only this person gets it. */
export const SessionReadActivity = z.object({
  ...base,
  type: z.literal('session.read'),
  user_id: z.string(),
  read_at: z.iso.datetime(),
});
export type SessionReadActivity = z.infer<typeof SessionReadActivity>;

/** Comments of a session were written, changed, removed or sent: read them again. */
export const SessionCommentsActivity = z.object({ ...base, type: z.literal('session.comments') });

/** How far the clone is. */
export const SessionProgressActivity = z.object({
  ...base,
  type: z.literal('session.progress'),
  status: openEnum(SESSION_STATUSES),
  phase: openEnum(['resolving', 'fetching', 'checking_out', 'opening_thread']),
  percent: z.int().min(0).max(100).nullable(),
});
export type SessionProgressActivity = z.infer<typeof SessionProgressActivity>;

/** A percentage of a cap of tokens or money was reached, or no further call fits below it (100). */
export const LimitNoticeActivity = z.object({
  ...base,
  type: z.literal('limit.notice'),
  run_id: z.uuid().describe('The run whose model call it was'),
  user_id: z.string().describe('Who wrote its prompt'),
  scope: openEnum(LIMIT_SCOPES),
  unit: openEnum(LIMIT_UNITS),
  period: openEnum(LIMIT_PERIODS),
  percentage: z.int().describe('80, 90 or 100'),
  cap: z.int(),
  used: z.int(),
});
export type LimitNoticeActivity = z.infer<typeof LimitNoticeActivity>;

const ACTIVITIES = [
  RunStatusActivity,
  SessionUpdatedActivity,
  SessionDeletedActivity,
  SessionHiddenActivity,
  SessionPresenceActivity,
  SessionReadActivity,
  SessionCommentsActivity,
  SessionProgressActivity,
  LimitNoticeActivity,
] as const;

export const Activity = z.discriminatedUnion('type', ACTIVITIES).meta({ id: 'Activity' });
export type Activity = z.infer<typeof Activity>;
export type ActivityType = Activity['type'];
export const ACTIVITY_TYPES: readonly ActivityType[] = ACTIVITIES.map(({ shape }) => shape.type.value);

/** An activity of a type or of a shape that this version does not know, from a newer writer. */
export const UnknownActivity = z
  .looseObject({ tenant_id: z.string(), type: z.string() })
  .transform((raw) => ({ tenant_id: raw.tenant_id, type: UNKNOWN, raw }));
export type UnknownActivity = z.infer<typeof UnknownActivity>;

const AnyActivity = z.union([Activity, UnknownActivity]);
/** Reads an entry of an activity stream. @returns null when it is not an activity at all */
export const readActivity = (json: string): Activity | UnknownActivity | null => readJson(AnyActivity, json);
