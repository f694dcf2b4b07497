import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { HEADERS } from '@saas-codex/contracts/http';
import { type Permission, PERMISSION_TABLE, PERSON_PERMISSIONS } from '@saas-codex/contracts/permissions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request, Response } from 'express';
import { operationIdOf } from '../api/operation-id.js';
import { actorId, type Caller } from './actor.js';
import { Authentication } from './authentication.js';
import { RoutePermissions } from './permissions.js';
import { personRequired } from './person.js';
import { Refusals } from './refusals.js';
import { type CallerContext, setRequestContext } from './request-context.js';
import { requestOrigin } from './request-origin.js';
import { StreamAccess } from './stream-access.js';

/** The permission of every route that streams events. */
const STREAMS = 'events:read';

/**
 * Stands before every route:
 *
 *     @Public() ──► answer
 *     else ──► no valid credential ──► 401
 *              the caller's role, or the key's scopes, lack the route's permission ──► 403
 *              else ──► the request gets its context ──► answer; a stream ends when its access does
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly permissions: RoutePermissions,
    private readonly authentication: Authentication,
    private readonly streams: StreamAccess,
    private readonly refusals: Refusals,
  ) {}

  async canActivate(host: ExecutionContext): Promise<boolean> {
    const required = this.permissions.requiredBy(host.getHandler());
    if (required === 'public') return true;
    const http = host.switchToHttp();
    const [req, res] = [http.getRequest<Request>(), http.getResponse<Response>()];
    // The answer depends on who asks, so no shared cache may keep it.
    res.setHeader('cache-control', 'private, no-cache');
    const caller = await this.authentication.identify(req, res);
    if (!caller) throw unauthenticated();
    const traceparent = req.headers[HEADERS.traceparent];
    const context: CallerContext = {
      ...caller,
      readerId: actorId(caller.actor),
      requestId: String(req.headers[HEADERS.requestId]),
      origin: requestOrigin(req),
      ...(typeof traceparent === 'string' && { traceparent }),
    };
    if (!required || !this.permissions.of(caller.actor).has(required)) {
      const byRole = required !== undefined && this.permissions.ofRole(caller.actor.role).has(required);
      const problem = forbidden(caller.actor, required, byRole);
      this.refusals.refused(context, operationIdOf(host.getHandler()), problem.code);
      throw problem;
    }
    setRequestContext(req, context);
    if (required === STREAMS) this.streams.endWhenRevoked(context, res);
    return true;
  }
}

const unauthenticated = () =>
  new ProblemError('unauthenticated', 'Open a sign-in link, or send "Authorization: Bearer <API token>".', {
    headers: { 'www-authenticate': 'Bearer realm="saas-codex"' },
  });

function forbidden(
  { kind, role, tenantDeleted }: Caller,
  required: Permission | undefined,
  byRole: boolean,
): ProblemError {
  const isForPeople = required !== undefined && PERSON_PERMISSIONS.includes(required);
  if (kind === 'service_account' && isForPeople) return personRequired();
  const detail =
    required === undefined
      ? 'Nobody may do this.'
      : tenantDeleted
        ? 'This organisation was deleted. An owner can restore it until its data is removed.'
        : byRole
          ? `This API key lacks the scope ${required}. Make another one, with it.`
          : `Your role, ${role}, does not allow this. It takes the role ${PERMISSION_TABLE[required]}: ask an admin or an owner of your organisation.`;
  return new ProblemError('forbidden', detail);
}
