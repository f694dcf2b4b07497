import type { Role } from './identity.js';

/** What a route may require of its caller. Every route of the backend names one of these, or is public. */
export const PERMISSIONS = [
  'sessions:read',
  'sessions:write',
  'runs:read',
  'runs:create',
  'runs:cancel',
  'events:read',
  'diffs:read',
  'usage:read',
  'system:read',
  'account:read',
  'account:write',
  'account:sign_out',
  'members:reset_password',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/**
 * The one table of who may do what. Owners may do everything. No person can become an admin or a member yet, so these
 * roles have no permission.
 */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  owner: PERMISSIONS,
  admin: [],
  member: [],
};
