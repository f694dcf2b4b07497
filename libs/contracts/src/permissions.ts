/** From the most to the least powerful: each role may do everything that the roles after it may. */
export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/**
 * The one table of who may do what: every permission that a route may require, and the least role that has it. Every route of
 * the backend names one of these, or is public. docs/permissions.md is generated from it.
 */
export const PERMISSION_TABLE = {
  'account:read': 'viewer',
  'account:write': 'viewer',
  'account:sign_out': 'viewer',
  'sessions:read': 'viewer',
  'runs:read': 'viewer',
  'events:read': 'viewer',
  'diffs:read': 'viewer',
  'usage:read': 'viewer',
  'system:read': 'viewer',
  'account:leave': 'viewer',
  'api_keys:own': 'viewer',
  'tenants:read': 'viewer',
  'members:read': 'viewer',
  'models:read': 'viewer',
  'sessions:write': 'member',
  'runs:create': 'member',
  'comments:write': 'member',
  'runs:cancel': 'member',
  'runs:approve': 'member',
  'sessions:share': 'member',
  'sessions:ship': 'member',
  'secrets:read': 'member',
  'credentials:own': 'member',
  'sessions:oversee': 'admin',
  'comments:manage': 'admin',
  'members:reset_password': 'admin',
  'members:manage': 'admin',
  'scim:manage': 'admin',
  'audit:read': 'admin',
  'audit:manage': 'admin',
  'secrets:manage': 'admin',
  'credentials:manage': 'admin',
  'service_accounts:manage': 'admin',
  'tenants:update': 'admin',
  'limits:manage': 'admin',
  'models:manage': 'admin',
  'shipping:manage': 'admin',
  'owners:manage': 'owner',
  'tenants:create': 'owner',
  'tenants:delete': 'owner',
} as const satisfies Record<string, Role>;

export type Permission = keyof typeof PERMISSION_TABLE;
export const PERMISSIONS = Object.keys(PERMISSION_TABLE) as [Permission, ...Permission[]];

/** Whether a role may do everything that `least` may. */
export const isAtLeast = (role: Role, least: Role): boolean => ROLES.indexOf(role) <= ROLES.indexOf(least);

/** What a role may do. */
export const permissionsOf = (role: Role): Permission[] =>
  PERMISSIONS.filter((permission) => isAtLeast(role, PERMISSION_TABLE[permission]));

/** All that the reader of a link to a session may do, in that session and on the routes that serve such readers. */
export const SHARE_LINK_PERMISSIONS: readonly Permission[] = [
  'sessions:read',
  'runs:read',
  'events:read',
  'diffs:read',
];

/** What only people do, whatever the role of a service account. */
export const PERSON_PERMISSIONS: readonly Permission[] = [
  'account:write',
  'account:sign_out',
  'account:leave',
  'api_keys:own',
  'members:reset_password',
  'service_accounts:manage',
];

/** All that is left, to those whose role has it, in a tenant that was deleted and can still be restored. */
export const DELETED_TENANT_PERMISSIONS: readonly Permission[] = [
  'account:read',
  'account:sign_out',
  'account:leave',
  'tenants:read',
  'tenants:create',
  'tenants:delete',
];
