/**
 * Every Redis key of the platform. Those of BullMQ start with `codex:queue`, rate limits with `codex:limit`. The pub/sub channel of
 * a stream of events has the same name as the stream.
 */
export const REDIS_KEYS = {
  runEvents: (runId: string) => `codex:run:${runId}:events`,
  runInbox: (runId: string) => `codex:run:${runId}:inbox`,
  /** Which runner has Codex prepared for the session, or which run has it: one of them may write its conversation. */
  sessionHolder: (sessionId: string) => `codex:session:${sessionId}:holder`,
  /** Which runner has decided for itself that it takes a run that was offered to another one. */
  runTaker: (runId: string) => `codex:run:${runId}:taker`,
  activity: (tenantId: string) => `codex:activity:${tenantId}`,
  /** Stream: entries of a tenant's audit log, for consumers. */
  audit: (tenantId: string) => `codex:audit:${tenantId}`,
  /** Hash: bytes of each of a tenant's logs in Redis, by run, and their sum. */
  logBytes: (tenantId: string) => `codex:log-bytes:${tenantId}`,
  /** Sorted set: a tenant's archived runs whose logs are still in Redis, by the time at which they expire. */
  archivedLogs: (tenantId: string) => `codex:archived-logs:${tenantId}`,
  /** Sorted set: who watches a session, by the time in ms at which each counts as gone. */
  presence: (tenantId: string, sessionId: string) => `codex:presence:${tenantId}:${sessionId}`,
  /** While it is there, nobody is mailed about such a limit of this person's runs again. */
  limitMail: (tenantId: string, person: string, limit: string) =>
    `codex:limit-mail:${tenantId}:${person}:${limit}`,
  queuePrefix: 'codex:queue',
  limitPrefix: 'codex:limit',
} as const;

/** Pub/sub channel of all runners: announces each command to a run. */
export const RUN_COMMAND_CHANNEL = 'codex:run-commands';

/** Pub/sub channel of all runners: a run is offered to the one that has prepared its session, or needs the session; and the answers. */
export const SESSION_HOLDERS_CHANNEL = 'codex:session-holders';

/** Pub/sub channel with each activity of every tenant, as JSON, for those who may miss one. */
export const ACTIVITY_CHANNEL = 'codex:activity';
/** Entries that each tenant's activity stream keeps, about. */
export const ACTIVITY_MAX_LENGTH = 10_000;
/** Memory that it takes, about: with large entries it keeps fewer. */
export const ACTIVITY_MAX_BYTES = 16 * 1024 * 1024;
/** Entries that each tenant's audit stream keeps, about, and for how long after the last one. */
export const AUDIT_STREAM = { maxLength: 5_000, seconds: 30 * 24 * 60 * 60 } as const;
/** Fields of an activity, run-log or audit entry: its type, its JSON, and (run log only) which writer wrote it. */
export const STREAM_FIELDS = { type: 'type', event: 'event', writer: 'writer' } as const;
