import type { RestEndpointMethodTypes } from '@octokit/rest';

/** Permissions of an App, as GitHub names them. */
export type GithubPermissions = Partial<
  Pick<
    NonNullable<
      NonNullable<
        RestEndpointMethodTypes['apps']['createInstallationAccessToken']['parameters']
      >['permissions']
    >,
    'actions' | 'checks' | 'contents' | 'metadata' | 'pull_requests' | 'statuses'
  >
>;
type PermissionName = keyof GithubPermissions;

/** What a new App asks for: all that is used below, and the logs of jobs. What is added later, each owner has to accept first. */
export const APP_PERMISSIONS: GithubPermissions = {
  actions: 'read',
  checks: 'read',
  contents: 'write',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
};

/** What it wants to be told of. */
export const APP_EVENTS = [
  'check_run',
  'check_suite',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'push',
  'status',
];

/** For git over https. */
export const GIT_PERMISSIONS = {
  read: { contents: 'read' },
  push: { contents: 'write' },
} as const satisfies Record<string, GithubPermissions>;

/** For a list of repositories. */
export const LIST_PERMISSIONS: GithubPermissions = { metadata: 'read' };

const IN_REPOSITORY = '/repos/{owner}/{repo}';
/** What each call needs, by GitHub's “Permissions required for GitHub Apps”. */
const OF_CALLS: Readonly<Record<string, GithubPermissions>> = {
  'GET ': { metadata: 'read' },
  'GET /branches': { contents: 'read' },
  'GET /branches/{branch}': { contents: 'read' },
  'GET /tags': { metadata: 'read' },
  'GET /commits/{ref}/check-runs': { checks: 'read' },
  'GET /check-runs/{check_run_id}/annotations': { checks: 'read' },
  'GET /commits/{ref}/status': { statuses: 'read' },
  'POST /statuses/{sha}': { statuses: 'write' },
  'GET /pulls': { pull_requests: 'read' },
  'GET /pulls/{pull_number}': { pull_requests: 'read' },
  'GET /pulls/{pull_number}/comments': { pull_requests: 'read' },
  'GET /pulls/{pull_number}/reviews': { pull_requests: 'read' },
  'POST /pulls': { pull_requests: 'write' },
  'PATCH /pulls/{pull_number}': { pull_requests: 'write' },
  'POST /pulls/{pull_number}/requested_reviewers': { pull_requests: 'write' },
  // A pull request's labels are those of its issue.
  'PUT /issues/{issue_number}/labels': { pull_requests: 'write' },
  'DELETE /issues/{issue_number}/labels': { pull_requests: 'write' },
};

/** @param route with its parameters, such as `/repos/{owner}/{repo}/pulls` @throws when nobody has written down what it needs */
export function permissionsOfCall(method: string, route: string): GithubPermissions {
  const call = `${method} ${route.replace(IN_REPOSITORY, '')}`;
  const needed = route.startsWith(IN_REPOSITORY) ? OF_CALLS[call] : undefined;
  if (!needed) throw new Error(`Nobody has written down which permissions ${method} ${route} needs.`);
  return needed;
}

/** What is needed and was not given, as GitHub's pages name it: `Contents: write`. @param given by an owner who has accepted it */
export function missingPermissions(needed: GithubPermissions, given: object): string[] {
  const has = given as Record<string, string | undefined>;
  return (Object.entries(needed) as [PermissionName, 'read' | 'write'][])
    .filter(([name, wanted]) => has[name] !== wanted && has[name] !== 'write')
    .map(([name, wanted]) => `${NAMES[name]}: ${wanted}`);
}

const NAMES: Record<PermissionName, string> = {
  actions: 'Actions',
  checks: 'Checks',
  contents: 'Contents',
  metadata: 'Metadata',
  pull_requests: 'Pull requests',
  statuses: 'Commit statuses',
};
