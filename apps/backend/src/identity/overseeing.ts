import { permissionsOf, type Permission } from '@saas-codex/contracts/permissions';
import type { RequestContext } from './request-context.js';

const OVERSEE: Permission = 'sessions:oversee';

/**
 * The same context with sight of the sessions that are private to others, if the actor may stop and delete them. Whoever answers with
 * something from it shows that they exist and nothing of what is in them.
 */
export function overseeing(ctx: RequestContext): RequestContext {
  const { actor } = ctx;
  if (actor.kind === 'system') return ctx;
  const scoped = actor.kind === 'api_key' && actor.scopes !== null && !actor.scopes.includes(OVERSEE);
  return scoped || !permissionsOf(actor.role).includes(OVERSEE) ? ctx : { ...ctx, readerId: undefined };
}
