import { permissionsOf, type Permission } from '@saas-codex/contracts/permissions';
import type { Actor } from './actor.js';
import type { RequestContext } from './request-context.js';

const OVERSEE: Permission = 'sessions:oversee';

/**
 * The same context with sight of the sessions that are private to others, if the actor may stop and delete them. Whoever answers with
 * something from it shows that they exist and nothing of what is in them.
 */
export function overseeing(ctx: RequestContext): RequestContext {
  const { actor } = ctx;
  return mayOversee(actor) ? { ...ctx, readerId: undefined } : ctx;
}

/** Whether the actor decides about the sessions of others. */
export function mayOversee(actor: Actor): boolean {
  if (actor.kind === 'system') return true;
  const scopes = 'scopes' in actor ? actor.scopes : null;
  return permissionsOf(actor.role).includes(OVERSEE) && (scopes === null || scopes.includes(OVERSEE));
}
