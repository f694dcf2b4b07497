import { type Actor, hasPermission } from './actor.js';
import type { RequestContext } from './request-context.js';

/**
 * The same context with sight of the sessions that are private to others, if the actor may stop and delete them. Whoever answers with
 * something from it shows that they exist and nothing of what is in them.
 */
export function overseeing(ctx: RequestContext): RequestContext {
  const { actor } = ctx;
  return mayOversee(actor) ? { ...ctx, readerId: undefined } : ctx;
}

/** Whether the actor decides about the sessions of others. */
export const mayOversee = (actor: Actor): boolean => hasPermission(actor, 'sessions:oversee');
