import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { TenantScope } from '../database/tenant-row.js';
import type { Actor, Caller, ShareLinkReader, SystemPart } from './actor.js';
import type { RequestOrigin } from './request-origin.js';

/** Who acts, and in which tenant: the first argument of every service call. */
export interface RequestContext extends TenantScope {
  actor: Actor;
  requestId: string;
  /** From where the request comes. Work of the system comes from nowhere. */
  origin?: RequestOrigin;
  /** The W3C `traceparent` that the work belongs to. Without one it is not traced. */
  traceparent?: string;
  /**
   * Id for what this request creates. Every attempt with the same `Idempotency-Key` has the same id, so an attempt finds
   * what a crashed one before it has committed. Undefined without a key.
   */
  idempotentId?: string;
}

/** The context of a request, as opposed to background work. */
export interface CallerContext extends RequestContext {
  actor: Caller;
  /** The actor's. */
  readerId: string;
}

/** The context of a request by the reader of a link, on the routes that serve such readers. */
export interface ShareLinkContext extends RequestContext {
  actor: ShareLinkReader;
  onlySessionId: string;
}

/** Readers by link only read, so nothing of theirs can be created twice. */
export const isByLink = (ctx: RequestContext): ctx is ShareLinkContext => ctx.actor.kind === 'share_link';

/** The context of background work in one tenant, done by a named part of the system. */
export const systemContext = (part: SystemPart, tenantId: string): RequestContext => ({
  tenantId,
  actor: { kind: 'system', part },
  requestId: 'system',
});

const contexts = new WeakMap<Request, CallerContext | ShareLinkContext>();

/** Set by the guard, and again by the interceptor that adds the id that an `Idempotency-Key` stands for. */
export const setRequestContext = (req: Request, context: CallerContext | ShareLinkContext): void => {
  contexts.set(req, context);
};

/** The caller's context; undefined on a public route. */
export const findRequestContext = (req: Request): CallerContext | ShareLinkContext | undefined =>
  contexts.get(req);

/** Parameter of a controller method: `@Ctx() ctx: RequestContext`. */
export const Ctx = createParamDecorator((_: unknown, host: ExecutionContext) => {
  const context = findRequestContext(host.switchToHttp().getRequest<Request>());
  if (!context) throw new Error('A public route has no request context.');
  return context;
});
