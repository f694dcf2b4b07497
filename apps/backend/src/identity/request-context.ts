import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Role } from '@saas-codex/contracts/identity';
import type { Request } from 'express';

/** Who asks, and for which tenant: first argument of every service call. */
export interface RequestContext {
  tenantId: string;
  userId: string;
  role: Role;
  requestId: string;
  /** What the request's work belongs to in traces; left out: it is not traced. */
  traceparent?: string;
  /**
   * Id for what this request makes: every attempt with one `Idempotency-Key` has the same, so that what a crashed
   * attempt has committed is found by the next one. Undefined without a key.
   */
  idempotentId?: string;
}

/** The acting "user" of work that no request started. */
const SYSTEM_USER = 'system';

/** The context of background work in one tenant (provisioning, dispatching, applying activity). */
export const systemContext = (tenantId: string, requestId: string = SYSTEM_USER): RequestContext => ({
  tenantId,
  userId: SYSTEM_USER,
  role: 'owner',
  requestId,
});

const contexts = new WeakMap<Request, RequestContext>();

/** Called by the guard, and again with the id that an `Idempotency-Key` stands for. */
export const setRequestContext = (req: Request, context: RequestContext): void => {
  contexts.set(req, context);
};

/** The caller's context; undefined on a public route. */
export const findRequestContext = (req: Request): RequestContext | undefined => contexts.get(req);

/** Parameter of a controller method: `@Ctx() ctx: RequestContext`. */
export const Ctx = createParamDecorator((_: unknown, host: ExecutionContext) => {
  const context = findRequestContext(host.switchToHttp().getRequest<Request>());
  if (!context) throw new Error('A public route has no request context.');
  return context;
});
