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
import { type CallerContext, setRequestContext, type ShareLinkContext } from './request-context.js';
import { requestOrigin } from './request-origin.js';
import { ShareLinkReaders } from './share-link-readers.js';
import { shareLinkOf } from './share-path.js';
import { StreamAccess } from './stream-access.js';

/** The permission of every route that streams events. */
const STREAMS = 'events:read';

/**
 * Stands before every route:
 *
 *     through the path of a link ──► its cookie, and only a route with @ServesShareLinks() ──► answer, of the one session
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
    private readonly readers: ShareLinkReaders,
    private readonly streams: StreamAccess,
    private readonly refusals: Refusals,
  ) {}

  async canActivate(host: ExecutionContext): Promise<boolean> {
    const required = this.permissions.requiredBy(host.getHandler());
    const http = host.switchToHttp();
    const [req, res] = [http.getRequest<Request>(), http.getResponse<Response>()];
    const shareLinkId = shareLinkOf(req);
    if (required === 'public' && shareLinkId === undefined) return true;
    // The answer depends on who asks, so no shared cache may keep it.
    res.setHeader('cache-control', 'private, no-cache');
    const context =
      shareLinkId === undefined
        ? await this.callerOf(req, res, {
            required: required === 'public' ? undefined : required,
            operation: operationIdOf(host.getHandler()),
          })
        : await this.readerOf(req, shareLinkId, this.permissions.servesShareLinks(host.getHandler()));
    setRequestContext(req, context);
    if (required === STREAMS) this.streams.endWhenRevoked(context, res);
    return true;
  }

  /** @param isServed whether the route serves readers by link */
  private async readerOf(req: Request, shareLinkId: string, isServed: boolean): Promise<ShareLinkContext> {
    const reader = await this.readers.identify(shareLinkId, req);
    if (!reader) throw new ProblemError('unauthenticated', 'Open the link again. It may have been revoked.');
    if (!isServed) throw new ProblemError('forbidden', 'This link shows one session, and nothing else.');
    return { ...reader, ...originOf(req) };
  }

  private async callerOf(
    req: Request,
    res: Response,
    { required, operation }: { required: Permission | undefined; operation: string | undefined },
  ): Promise<CallerContext> {
    const caller = await this.authentication.identify(req, res);
    if (!caller) throw unauthenticated();
    const context: CallerContext = { ...caller, readerId: actorId(caller.actor), ...originOf(req) };
    if (!required || !this.permissions.of(caller.actor).has(required)) {
      const byRole = required !== undefined && this.permissions.ofRole(caller.actor.role).has(required);
      const problem = forbidden(caller.actor, required, byRole);
      this.refusals.refused(context, operation, problem.code);
      throw problem;
    }
    return context;
  }
}

function originOf(req: Request): Pick<CallerContext, 'requestId' | 'origin' | 'traceparent'> {
  const origin = requestOrigin(req);
  const traceparent = req.headers[HEADERS.traceparent];
  return {
    requestId: origin.requestId,
    origin,
    ...(typeof traceparent === 'string' && { traceparent }),
  };
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
