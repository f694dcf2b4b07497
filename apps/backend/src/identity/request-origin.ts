import type { AuditChanges } from '@saas-codex/contracts/audit';
import { HEADERS } from '@saas-codex/contracts/http';
import { clientAddressOf } from '@saas-codex/service-kit/http/gateway-mark';
import type { Request } from 'express';

/** Of a user agent's name, in characters. */
const MAX_USER_AGENT = 200;

/** What services learn on the way and the audit log keeps. Never a secret. */
export interface AuditNotes {
  /** On routes without a caller: the person who has shown who they are, and the tenant if only one has to do with it. */
  person?: { userId: string; tenantId?: string };
  target?: { id?: string; name?: string | null };
  changes?: AuditChanges;
}

/** From where a request comes, and what the audit log will keep of it. */
export interface RequestOrigin {
  /** The client's address, by the gateway's word or by the connection. */
  address: string | null;
  userAgent: string | null;
  requestId: string;
  notes: AuditNotes;
}

const origins = new WeakMap<Request, RequestOrigin>();

export function requestOrigin(req: Request): RequestOrigin {
  const known = origins.get(req);
  if (known) return known;
  const origin: RequestOrigin = {
    address: clientAddressOf(req) ?? null,
    userAgent: req.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
    requestId: String(req.headers[HEADERS.requestId]),
    notes: {},
  };
  origins.set(req, origin);
  return origin;
}

/**
 * Adds to what the audit log keeps of the request, if the request succeeds. Work of the system leaves no entry by itself, so there
 * it does nothing.
 */
export function noteForAudit({ origin }: { origin?: RequestOrigin | undefined }, notes: AuditNotes): void {
  if (origin) Object.assign(origin.notes, notes);
}
