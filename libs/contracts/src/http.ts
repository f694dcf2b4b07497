/** Header names that more than one part uses, lower case. */
export const HEADERS = {
  requestId: 'x-request-id',
  idempotencyKey: 'idempotency-key',
  /** W3C Trace Context. */
  traceparent: 'traceparent',
  lastEventId: 'last-event-id',
  prefer: 'prefer',
} as const;
