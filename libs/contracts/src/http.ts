/** Header names that more than one part uses, lower case. */
export const HEADERS = {
  requestId: 'x-request-id',
  idempotencyKey: 'idempotency-key',
  /** W3C Trace Context. */
  traceparent: 'traceparent',
  lastEventId: 'last-event-id',
  prefer: 'prefer',
  ifMatch: 'if-match',
  /** Version of the API: of a request, and of its answer. */
  apiVersion: 'saas-codex-version',
  /** Marks what a gateway forwards to a backend. */
  gatewayMark: 'x-gateway-mark',
  /** On event streams of a backend: whose they are, so that a gateway can count them. */
  tenantId: 'x-tenant-id',
  preferenceApplied: 'preference-applied',
  location: 'location',
  /** `true`: the answer was saved for an earlier request with the same Idempotency-Key. */
  idempotentReplayed: 'idempotent-replayed',
} as const;

/**
 * Every version of the REST API that is served, oldest first. A version is the date of a change that could break a client; what
 * we promise about it is in docs/api.md.
 */
export const API_VERSIONS = ['2026-11-29'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];
/** The version of a request that names none. */
export const CURRENT_API_VERSION: ApiVersion = '2026-11-29';
