import type { Author } from '@saas-codex/contracts/authors';
import { type Permission, permissionsOf, type Role } from '@saas-codex/contracts/permissions';

/** What every caller has: a role in the tenant of the request. */
interface InTenant {
  /** Of the person or program, as others see it. */
  name: string;
  role: Role;
  /** The tenant was deleted and can still be restored. */
  tenantDeleted: boolean;
}

/** A program's credential. It has the permissions of the role, or those `scopes` of them. */
interface WithKey {
  keyId: string;
  keyName: string | null;
  scopes: readonly Permission[] | null;
}

/** Who sends a request. */
export type Caller = InTenant &
  /** A person in a browser that is signed in; `signInId` is the id of that sign-in's row in `user_sessions`. */
  (
    | { kind: 'person'; signInId: string; userId: string }
    /** A program that acts in the name of the person whose key it has. */
    | ({ kind: 'api_key'; userId: string } & WithKey)
    /** A program that acts as itself. */
    | ({ kind: 'service_account'; serviceAccountId: string } & WithKey)
  );

/** Whoever opened a link to a session. It reads this session, has no role and is nobody in the tenant. */
export interface ShareLinkReader {
  kind: 'share_link';
  shareLinkId: string;
  sessionId: string;
}

/** The parts of the backend that work without a request. */
export type SystemPart = 'approvals' | 'provisioning' | 'removal' | 'runs' | 'retention' | 'shipping';

/** Who acts: a caller, the reader of a link, or a named part of the system. A part of the system has no role and owns nothing. */
export type Actor = Caller | ShareLinkReader | { kind: 'system'; part: SystemPart };

/** What rows keep of an actor, in `created_by` for example: the id of a person or a service account, `share_link:<id>`, or `system:<part>`. */
export function actorId(actor: Actor): string {
  switch (actor.kind) {
    case 'system':
      return `system:${actor.part}`;
    case 'share_link':
      return `share_link:${actor.shareLinkId}`;
    case 'service_account':
      return actor.serviceAccountId;
    default:
      return actor.userId;
  }
}

/** The actor as records name it. */
export function authorOf(actor: Actor): Author {
  if (actor.kind === 'system') return { kind: actor.kind, id: actor.part, name: null };
  if (actor.kind === 'share_link') throw new Error('The reader of a link writes nothing.');
  const author = { kind: actor.kind, id: actorId(actor), name: actor.name };
  return actor.kind === 'person' ? author : { ...author, key_name: actor.keyName };
}

/**
 * Acts later, without a request, as who asked for it.
 * @param now who that is by now
 * @param key with which it was asked for, as it is by now. null: with none
 */
export function actorFor(
  { kind, id }: Author,
  { name, role }: Pick<InTenant, 'name' | 'role'>,
  key: WithKey | null,
): Caller {
  const caller = { name, role, tenantDeleted: false };
  if (key === null) return { ...caller, kind: 'person', signInId: '', userId: id };
  const { keyId, keyName, scopes } = key;
  const withKey = { ...caller, keyId, keyName, scopes };
  return kind === 'service_account'
    ? { ...withKey, kind: 'service_account', serviceAccountId: id }
    : { ...withKey, kind: 'api_key', userId: id };
}

/** For what a service decides by itself, beyond the permission that the route names. */
export function hasPermission(actor: Actor, permission: Permission): boolean {
  if (actor.kind === 'system') return true;
  if (actor.kind === 'share_link') return false;
  const scopes = 'scopes' in actor ? actor.scopes : null;
  return permissionsOf(actor.role).includes(permission) && (scopes === null || scopes.includes(permission));
}
