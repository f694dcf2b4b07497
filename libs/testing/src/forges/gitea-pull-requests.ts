import type {
  CombinedStatus,
  CommitStatus,
  Label,
  PullRequest,
  PullReview,
  PullReviewComment,
} from 'gitea-js';
import {
  GITEA_PAGING,
  type GiteaCall,
  type GiteaEndpoint,
  GiteaRefusal,
  type GiteaWorld,
  nameOf,
  page,
  repositoryOf,
} from './gitea.js';

interface TestReview {
  login: string;
  state: 'APPROVED' | 'REQUEST_CHANGES' | 'COMMENT' | 'PENDING' | 'REQUEST_REVIEW';
  body: string;
  dismissed?: boolean;
  /** `line` 0: it is gone. */
  comments?: { path: string; line: number; body: string }[];
}

/** A pull request at the stand-in. */
interface TestPullRequest {
  number: number;
  repository: string;
  title: string;
  body: string;
  head: string;
  base: string;
  state: 'open' | 'closed';
  merged: boolean;
  mergeable: boolean;
  labels: string[];
  reviewers: string[];
  reviews: TestReview[];
  createdAt: string;
  updatedAt: string;
}

/** What specs see and change of pull requests at the stand-in. */
export interface GiteaPullRequestState {
  readonly all: TestPullRequest[];
  /** Those that the repositories have. */
  readonly labels: string[];
  /** Older versions of Gitea do not say whether one is a draft. */
  saysDrafts: boolean;
  /** By commit. */
  readonly statuses: Map<string, CommitStatus[]>;
  readonly endpoints: GiteaEndpoint[];
}

const ONE = /^\/repos\/([^/]+)\/([^/]+)\/pulls\/(\d+)$/;
const ALL = /^\/repos\/([^/]+)\/([^/]+)\/pulls$/;
const below = (what: string) => new RegExp(`^/repos/([^/]+)/([^/]+)/pulls/(\\d+)/${what}$`);
const REPOSITORY_ID = 1;
const AT = '2026-11-30T10:00:00Z';

/** Pull requests, reviews and statuses, as Gitea has them. Give `endpoints` to `startGitea`. */
export function giteaPullRequests(): GiteaPullRequestState {
  const state = { all: [] as TestPullRequest[], labels: [] as string[], saysDrafts: true };
  const { all, labels } = state;
  const statuses: GiteaPullRequestState['statuses'] = new Map();

  const onOne =
    <T extends object>(answer: (one: TestPullRequest, call: GiteaCall, world: GiteaWorld) => T) =>
    (world: GiteaWorld, call: GiteaCall): T | undefined => {
      const one = all.find(
        ({ repository, number }) => repository === nameOf(call.parts) && number === Number(call.parts[2]),
      );
      return one && answer(one, call, world);
    };

  const endpoints: GiteaEndpoint[] = [
    {
      pattern: ALL,
      scope: 'read:repository',
      query: ['state', ...GITEA_PAGING],
      answer: (world, { parts, query }) => {
        const found = all.filter(
          ({ repository, state }) =>
            repository === nameOf(parts) && (query.get('state') === 'all' || state === 'open'),
        );
        return page(found.toReversed(), query).map((one) => toPullRequest(world, one, state));
      },
    },
    {
      method: 'POST',
      pattern: ALL,
      scope: 'write:repository',
      answer: (world, { login, parts, body }) => {
        const wanted = body as Pick<TestPullRequest, 'title' | 'body' | 'head' | 'base'>;
        const repository = repositoryOf(world, login, parts);
        if (!repository?.branches[wanted.head] || !repository.branches[wanted.base]) return undefined;
        const isOpen = (one: TestPullRequest) =>
          one.repository === nameOf(parts) && one.head === wanted.head && one.state === 'open';
        if (all.some(isOpen)) return new GiteaRefusal(409, 'pull request already exists for these targets');
        const now = new Date().toISOString();
        const one: TestPullRequest = {
          ...wanted,
          number: all.length + 1,
          repository: nameOf(parts),
          state: 'open',
          merged: false,
          mergeable: true,
          labels: [],
          reviewers: [],
          reviews: [],
          createdAt: now,
          updatedAt: now,
        };
        all.push(one);
        return toPullRequest(world, one, state);
      },
    },
    {
      pattern: ONE,
      scope: 'read:repository',
      answer: onOne((one, _, world) => toPullRequest(world, one, state)),
    },
    {
      method: 'PATCH',
      pattern: ONE,
      scope: 'write:repository',
      answer: onOne((one, { body }, world) => toPullRequest(world, Object.assign(one, body), state)),
    },
    {
      method: 'PUT',
      pattern: /^\/repos\/([^/]+)\/([^/]+)\/issues\/(\d+)\/labels$/,
      scope: 'write:issue',
      answer: onOne((one, { body }): Label[] => {
        const wanted = (body as { labels: string[] }).labels;
        one.labels = wanted.filter((label) => labels.includes(label));
        return one.labels.map(toLabel);
      }),
    },
    {
      method: 'POST',
      pattern: below('requested_reviewers'),
      scope: 'write:repository',
      answer: onOne((one, { body }) => {
        const { reviewers } = body as { reviewers: string[] };
        if (reviewers.includes('stranger')) return new GiteaRefusal(422, "user 'stranger' does not exist");
        one.reviewers = [...new Set([...one.reviewers, ...reviewers])];
        return [];
      }),
    },
    {
      pattern: below('reviews'),
      scope: 'read:repository',
      query: GITEA_PAGING,
      answer: onOne((one, { query }) => page(one.reviews.map(toReview), query)),
    },
    {
      pattern: below('reviews/(\\d+)/comments'),
      scope: 'read:repository',
      answer: onOne((one, { parts }, { url }): PullReviewComment[] => {
        const { login, comments = [] } = one.reviews[Number(parts[3]) - 1] ?? { login: '' };
        return comments.map(({ path, line, body }) => ({
          user: { login },
          path,
          body,
          position: line,
          html_url: `${url}/comment`,
          created_at: AT,
        }));
      }),
    },
    {
      pattern: /^\/repos\/([^/]+)\/([^/]+)\/commits\/([^/]+)\/status$/,
      scope: 'read:repository',
      query: GITEA_PAGING,
      answer: (_, { parts, query }): CombinedStatus => ({
        statuses: page(statuses.get(parts[2] ?? '') ?? [], query),
      }),
    },
    {
      method: 'POST',
      pattern: /^\/repos\/([^/]+)\/([^/]+)\/statuses\/([^/]+)$/,
      scope: 'write:repository',
      answer: (_, { parts, body }): CommitStatus => {
        const { state, ...rest } = body as { state: string; context: string };
        const commit = parts[2] ?? '';
        const status = { ...rest, status: state };
        const others = (statuses.get(commit) ?? []).filter(({ context }) => context !== rest.context);
        statuses.set(commit, [...others, status]);
        return status;
      },
    },
  ];
  return Object.assign(state, { statuses, endpoints });
}

const toLabel = (name: string): Label => ({ name });

const toReview = (
  { login, state, body, dismissed = false, comments = [] }: TestReview,
  index: number,
): PullReview => ({
  id: index + 1,
  user: { login },
  state,
  body,
  dismissed,
  comments_count: comments.length,
  submitted_at: AT,
});

const isDraft = (title: string) => /^(wip:|\[wip\])/i.test(title);

function toPullRequest(
  world: GiteaWorld,
  one: TestPullRequest,
  { saysDrafts }: Pick<GiteaPullRequestState, 'saysDrafts'>,
): PullRequest {
  const branches = world.repositories.get(one.repository)?.branches ?? {};
  const at = (name: string) => ({
    label: name,
    ref: name,
    repo_id: REPOSITORY_ID,
    sha: branches[name]?.commit ?? '',
  });
  const draft = isDraft(one.title);
  return {
    number: one.number,
    title: one.title,
    body: one.body,
    ...(saysDrafts && { draft }),
    state: one.state,
    merged: one.merged,
    mergeable: one.mergeable && !draft,
    html_url: `${world.url}/${one.repository}/pulls/${one.number}`,
    created_at: one.createdAt,
    updated_at: one.updatedAt,
    head: at(one.head),
    base: at(one.base),
    labels: one.labels.map(toLabel),
  };
}
