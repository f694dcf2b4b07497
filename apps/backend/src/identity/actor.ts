import type { Role } from '@saas-codex/contracts/permissions';

/** What every caller has: a role in the tenant of the request. */
interface InTenant {
  role: Role;
  /** The tenant was deleted and can still be restored. */
  tenantDeleted: boolean;
}

/** Who sends a request. */
export type Caller = InTenant &
  /** A person in a browser that is signed in; `signInId` is the id of that sign-in's row in `user_sessions`. */
  (
    | { kind: 'person'; signInId: string; userId: string }
    /** A program with an API key. It acts in the name of the person whose key it is. */
    | { kind: 'api_key'; keyId: string; userId: string }
  );

/** The parts of the backend that work without a request. */
export type SystemPart = 'provisioning' | 'removal' | 'runs' | 'retention';

/** Who acts: a caller, or a named part of the system. A part of the system has no role and owns nothing. */
export type Actor = Caller | { kind: 'system'; part: SystemPart };

/** What rows keep of an actor, in `created_by` for example: the id of a person, or `system:<part>`. */
export const actorId = (actor: Actor): string =>
  actor.kind === 'system' ? `system:${actor.part}` : actor.userId;
