import type { Permission, Role } from './permissions.js';

/** What each permission allows, for the docs and the web's settings. Apart from the table, so that pages need not load it. */
export const PERMISSION_TEXTS: Readonly<Record<Permission, string>> = {
  'account:read': 'See who you are, and in which organisation',
  'account:write': 'Change your own name, address, password and sign-ins',
  'account:sign_out': 'Sign out',
  'sessions:read': 'See sessions',
  'runs:read': 'See runs and their results',
  'events:read': 'Watch runs live, and read their events',
  'diffs:read': 'See what runs have changed',
  'usage:read': 'See what the organisation uses',
  'system:read': 'See the state of this installation',
  'sessions:write': 'Start, change, archive and delete sessions',
  'runs:create': 'Send prompts, and run setup scripts',
  'runs:cancel': 'Stop runs, and remove prompts from the queue',
  'members:reset_password': "Make links that reset members' passwords",
};

/** What a role is for, in a sentence. */
export const ROLE_TEXTS: Readonly<Record<Role, string>> = {
  owner: 'Does everything, and decides about the organisation itself.',
  admin: 'Works on sessions, and manages the organisation.',
  member: 'Works on sessions: starts them, sends prompts, stops runs.',
  viewer: 'Sees everything live, and changes nothing.',
};
