import { type Forge, FORGE_KINDS, type ForgeKind } from '@saas-codex/contracts/forges';

interface KindText {
  name: string;
  /** How to make a token that is good for everything here. */
  token: string;
  /** Where that is, below the forge's address. `{workspace}`: of one workspace. */
  tokenPage: string;
  /** What to choose for a webhook. */
  webhook: string;
  /** There is no other installation of it than the hosted one. */
  isHosted?: true;
}

const EVENTS =
  'with the content type application/json and the events of pull requests, reviews, comments, pushes, checks and statuses';

export const FORGE_TEXTS: Record<ForgeKind, KindText> = {
  github: {
    name: 'GitHub',
    token:
      'A classic token with the scope repo, or a fine-grained one with Contents, Pull requests and Commit statuses: read and write.',
    tokenPage: '/settings/tokens',
    webhook: EVENTS,
  },
  gitlab: {
    name: 'GitLab',
    token: 'An access token of a person, a group or a project, with the scope api. Git takes it, too.',
    tokenPage: '/-/user_settings/personal_access_tokens',
    webhook:
      'as its URL and secret token, with the events of pushes, comments, merge requests, jobs and pipelines',
  },
  gitea: {
    name: 'Gitea or Forgejo',
    token: 'With “repository: Read and Write” and “user: Read”, for all repositories.',
    tokenPage: '/user/settings/applications',
    webhook: EVENTS,
  },
  bitbucket: {
    name: 'Bitbucket',
    token:
      'An access token of the workspace or of a project (with Bitbucket Premium), or of one repository, with Repositories: Write and Pull requests: Write. An API token of an Atlassian account does not work.',
    tokenPage: '/{workspace}/workspace/settings/access-tokens',
    webhook: 'with the triggers of pushes, build statuses and pull requests',
    isHosted: true,
  },
};

/** undefined: a newer backend knows more kinds. */
export const kindOf = ({ kind }: Forge): ForgeKind | undefined => FORGE_KINDS.find((known) => known === kind);

/** What a connection is good for: a host, or one workspace at it. */
export const placeOf = ({ host, workspace }: Forge): string => (workspace ? `${host}/${workspace}` : host);
