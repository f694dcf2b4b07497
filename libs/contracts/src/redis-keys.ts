/** Every Redis key of the platform. Those of BullMQ start with `codex:queue`, rate limits with `codex:limit`. */
export const REDIS_KEYS = {
  runEvents: (runId: string) => `codex:run:${runId}:events`,
  runCancelled: (runId: string) => `codex:run:${runId}:cancelled`,
  activity: (tenantId: string) => `codex:activity:${tenantId}`,
  queuePrefix: 'codex:queue',
  limitPrefix: 'codex:limit',
} as const;

/** Pub/sub channel with each activity of every tenant, as JSON, for those who may miss one. */
export const ACTIVITY_CHANNEL = 'codex:activity';
/** Entries that each tenant's activity stream keeps, about. */
export const ACTIVITY_MAX_LENGTH = 10_000;
/** Fields of an activity or run-log entry: its type, its JSON, and (run log only) which writer wrote it. */
export const STREAM_FIELDS = { type: 'type', event: 'event', writer: 'writer' } as const;
