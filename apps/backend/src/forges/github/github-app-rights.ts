import type { ForgeRight, ForgeRightName } from '@saas-codex/contracts/forges';
import { type GithubApp, installUrlOf } from './github-app.js';
import { accountOf, type Installation } from './github-installations.js';
import { type GithubPermissions, missingPermissions } from './github-permissions.js';

const NEEDED: { right: ForgeRightName; what: string; permissions: GithubPermissions }[] = [
  { right: 'push', what: 'Push branches.', permissions: { contents: 'write' } },
  { right: 'pull_requests', what: 'Open pull requests.', permissions: { pull_requests: 'write' } },
  {
    right: 'checks',
    what: 'Read checks and set a status.',
    permissions: { checks: 'read', statuses: 'write' },
  },
];

/** What an App may do, by where it is installed and what was accepted there. */
export function appRights(app: GithubApp, installations: readonly Installation[]): ForgeRight[] {
  const identity: ForgeRight = {
    right: 'identity',
    state: 'works',
    detail: `GitHub knows the App ${app.name}.`,
  };
  if (installations.length === 0) {
    const detail = `It is installed nowhere. Choose its repositories at ${installUrlOf(app)}.`;
    return [identity, { right: 'read_repositories', state: 'missing', detail }];
  }
  return [
    identity,
    readingOf(installations),
    ...NEEDED.map(({ right, what, permissions }) => rightOf(right, what, permissions, installations)),
  ];
}

function readingOf(installations: readonly Installation[]): ForgeRight {
  const suspended = installations.filter((one) => one.suspended_at !== null);
  const places = installations.filter((one) => one.suspended_at === null).map(placeOf);
  const installed = places.length === 0 ? '' : `It is installed for ${places.join(', ')}.`;
  const lift = suspended.map((one) => `It is suspended for ${accountOf(one)}: lift that at ${one.html_url}.`);
  const reading = rightOf('read_repositories', '', { contents: 'read' }, installations);
  return {
    ...reading,
    state: suspended.length > 0 ? 'missing' : reading.state,
    detail: [installed, ...lift, reading.detail].filter((text) => text !== '').join(' '),
  };
}

function rightOf(
  right: ForgeRightName,
  what: string,
  permissions: GithubPermissions,
  installations: readonly Installation[],
): ForgeRight {
  const lacking = installations.flatMap((one) => {
    const missing = missingPermissions(permissions, one.permissions).map((name) => `“${name}”`);
    const accept = `accept ${missing.join(' and ')} at ${one.html_url}`;
    return missing.length === 0 ? [] : [`For ${accountOf(one)}, ${accept}, once the App asks for it.`];
  });
  const detail = [what, ...lacking].join(' ').trim();
  return { right, state: lacking.length === 0 ? 'works' : 'missing', detail };
}

function placeOf(installation: Installation): string {
  const all = installation.repository_selection === 'all' ? 'all repositories' : 'chosen repositories';
  return `${accountOf(installation)} (${all})`;
}
