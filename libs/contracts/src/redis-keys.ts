/** Every Redis key of the platform. Those of BullMQ start with `codex:queue`, rate limits with `codex:limit`. */
export const REDIS_KEYS = {
  runEvents: (runId: string) => `codex:run:${runId}:events`,
  runCancelled: (runId: string) => `codex:run:${runId}:cancelled`,
  activity: 'codex:activity',
  queuePrefix: 'codex:queue',
  limitPrefix: 'codex:limit',
} as const;

/** Entries of `codex:activity` that are kept, about. */
export const ACTIVITY_MAX_LENGTH = 10_000;
/** Fields of an activity or run-log entry: its type, its JSON, and (run log only) which writer wrote it. */
export const STREAM_FIELDS = { type: 'type', event: 'event', writer: 'writer' } as const;
/** Consumer group of the backend on `codex:activity`. */
export const BACKEND_GROUP = 'backend';
