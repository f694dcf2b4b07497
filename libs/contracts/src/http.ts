/** Header names that more than one part uses, lower case. */
export const HEADERS = {
  requestId: 'x-request-id',
  idempotencyKey: 'idempotency-key',
  /** W3C Trace Context. */
  traceparent: 'traceparent',
  lastEventId: 'last-event-id',
  prefer: 'prefer',
  preferenceApplied: 'preference-applied',
  location: 'location',
  /** `true`: the answer was saved for an earlier request with the same Idempotency-Key. */
  idempotentReplayed: 'idempotent-replayed',
} as const;
