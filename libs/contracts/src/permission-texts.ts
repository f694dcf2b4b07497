import type { Permission, Role } from './permissions.js';

/** What each permission allows, for the docs and the web's settings. Apart from the table, so that pages need not load it. */
export const PERMISSION_TEXTS: Readonly<Record<Permission, string>> = {
  'account:read': 'See who you are, and in which organisation',
  'account:write': 'Change your own name, address, and how you sign in',
  'account:sign_out': 'Sign out',
  'sessions:read': 'See sessions',
  'runs:read': 'See runs and their results',
  'events:read': 'Watch runs live, and read their events',
  'diffs:read': 'See what runs have changed',
  'usage:read': 'See what the organisation uses',
  'system:read': 'See the state of this installation',
  'account:leave': 'Leave the organisation',
  'api_keys:own': 'Make and revoke API keys of your own',
  'tenants:read': 'See the organisations that you belong to, and switch between them',
  'members:read': 'See who belongs to the organisation',
  'models:read': 'See the models that may be used, their prices and who serves them',
  'sessions:oversee':
    'Stop runs of private sessions, and delete those sessions, without seeing what is in them',
  'sessions:write': 'Start, change, archive and delete sessions',
  'runs:approve': 'Answer what runs ask before they act',
  'runs:create': 'Send prompts, take them back, and run setup scripts',
  'comments:write': 'Comment on changes, and resolve comments',
  'comments:manage': 'Delete the comments of others',
  'runs:cancel': 'Stop runs, and remove prompts from the queue',
  'sessions:share': 'Make links that show a session to people outside, and revoke them',
  'sessions:ship': 'Commit what sessions have changed, and push it to their repositories',
  'secrets:read': 'See the names of secrets, and choose which ones a session gets',
  'credentials:own':
    'See the git credentials and connected forges of the organisation, keep some of your own, and search their repositories',
  'members:reset_password': "Make links that reset members' passwords, and remove their second factors",
  'members:manage': 'Invite and remove people, and change their roles',
  'scim:manage': "As the company's directory: remove people who have left, and bring them back",
  'audit:read': 'Read and export the audit log',
  'audit:manage': 'Send the audit log to a webhook',
  'secrets:manage': 'Add, replace, rename and delete secrets',
  'credentials:manage':
    'Add, replace and remove the git credentials and connected forges of the organisation',
  'service_accounts:manage': 'Manage service accounts and their keys',
  'tenants:update': 'Rename the organisation',
  'limits:manage': 'Change limits, and see what each person has spent',
  'models:manage': 'Allow models, set their prices, and choose the model server and its key',
  'shipping:manage': 'Make rules for branches, and the key that signs commits',
  'owners:manage': 'Name owners, and change or remove them',
  'tenants:create': 'Create another organisation',
  'tenants:delete': 'Delete the organisation, and restore it',
};

/** What a role is for, in a sentence. */
export const ROLE_TEXTS: Readonly<Record<Role, string>> = {
  owner: 'Does everything, and decides about the organisation itself.',
  admin: 'Works on sessions, and manages the organisation.',
  member: 'Works on sessions: starts them, sends prompts, stops runs.',
  viewer: 'Sees everything live, and changes nothing.',
};
