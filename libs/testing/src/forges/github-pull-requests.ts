import { page, repositoryOf } from './github-repositories.js';
import {
  type GithubAnswer,
  type GithubCall,
  type GithubEndpoints,
  type GithubWorld,
  notFound,
} from './github-world.js';

interface TestReview {
  login: string;
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED';
  body: string;
}

interface TestComment {
  login: string;
  path: string;
  /** null: the line is gone. */
  line: number | null;
  body: string;
}

/** A pull request at the stand-in. */
interface TestPullRequest {
  number: number;
  repository: string;
  title: string;
  body: string | null;
  head: string;
  base: string;
  draft: boolean;
  state: 'open' | 'closed';
  merged: boolean;
  /** null: GitHub has not found out yet. */
  mergeable: boolean | null;
  labels: string[];
  reviewers: string[];
  reviews: TestReview[];
  comments: TestComment[];
  createdAt: string;
}

interface TestCheck {
  name: string;
  /** One that is under way has null, which the description does not allow. */
  conclusion: 'success' | 'failure' | 'neutral';
  title?: string;
  summary?: string;
  annotations?: { path: string; line: number; message: string }[];
}

interface TestStatus {
  context: string;
  state: 'success' | 'pending' | 'failure';
  description?: string;
  target_url?: string;
}

/** What specs see and change of pull requests at the stand-in. */
export interface GithubPullRequestState {
  readonly all: TestPullRequest[];
  /** By commit. */
  readonly checks: Map<string, TestCheck[]>;
  /** By commit: those of programs that use GitHub's older mechanism. */
  readonly statuses: Map<string, TestStatus[]>;
  readonly endpoints: GithubEndpoints;
}

const AT = '2026-11-30T10:00:00Z';

/** Pull requests, reviews and checks, as GitHub has them. Give `endpoints` to `startGithub`. */
export function githubPullRequests(): GithubPullRequestState {
  const all: TestPullRequest[] = [];
  const checks = new Map<string, TestCheck[]>();
  const statuses: GithubPullRequestState['statuses'] = new Map();

  const named = ({ params }: GithubCall) => `${params['owner'] ?? ''}/${params['repo'] ?? ''}`;
  const ofCall = (call: GithubCall) =>
    all.find(
      (one) =>
        one.repository === named(call) &&
        one.number === Number(call.params['pull_number'] ?? call.params['issue_number']),
    );
  const onOne = (call: GithubCall, answer: (one: TestPullRequest) => GithubAnswer): GithubAnswer => {
    const one = ofCall(call);
    return one ? answer(one) : notFound;
  };
  const checksOf = (call: GithubCall) => checks.get(call.params['ref'] ?? '') ?? [];
  const everyCheck = () => [...checks.values()].flat();
  const idOf = (check: TestCheck) => everyCheck().indexOf(check) + 1;

  const endpoints: GithubEndpoints = {
    'GET /repos/{owner}/{repo}/pulls': (call, world) => {
      const { head, state = 'open' } = call.query;
      const found = all.filter(
        (one) =>
          one.repository === named(call) &&
          (head === undefined || head === `${call.params['owner'] ?? ''}:${one.head}`) &&
          (state === 'all' || one.state === state),
      );
      return { body: found.toReversed().map((one) => pullRequest(world, one, 'pull-request-simple')) };
    },

    'POST /repos/{owner}/{repo}/pulls': (call, world) => {
      const wanted = call.body as {
        title: string;
        body?: string;
        head: string;
        base: string;
        draft?: boolean;
      };
      const repository = repositoryOf(call, world);
      if (!repository) return notFound;
      if (!call.token.of && repository.rights[call.token.login] === undefined)
        return refused(403, 'Resource not accessible');
      if (repository.branches[wanted.head] === undefined) return invalid('head', 'is not a branch');
      if (repository.branches[wanted.base] === undefined) return invalid('base', 'is not a branch');
      const isOpen = ({ repository: of, head, state }: TestPullRequest) =>
        of === named(call) && head === wanted.head && state === 'open';
      if (all.some(isOpen))
        return invalid(
          'head',
          `A pull request already exists for ${call.params['owner'] ?? ''}:${wanted.head}.`,
        );
      const one: TestPullRequest = {
        number: all.length + 1,
        repository: named(call),
        title: wanted.title,
        body: wanted.body ?? null,
        head: wanted.head,
        base: wanted.base,
        draft: wanted.draft ?? false,
        state: 'open',
        merged: false,
        mergeable: null,
        labels: [],
        reviewers: [],
        reviews: [],
        comments: [],
        createdAt: new Date().toISOString(),
      };
      all.push(one);
      return { status: 201, body: pullRequest(world, one, 'pull-request') };
    },

    'GET /repos/{owner}/{repo}/pulls/{pull_number}': (call, world) =>
      onOne(call, (one) => ({ body: pullRequest(world, one, 'pull-request') })),

    'PATCH /repos/{owner}/{repo}/pulls/{pull_number}': (call, world) =>
      onOne(call, (one) => {
        Object.assign(one, call.body);
        return { body: pullRequest(world, one, 'pull-request') };
      }),

    'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels': (call) =>
      onOne(call, (one) => {
        one.labels = [];
        return { status: 204 };
      }),

    'PUT /repos/{owner}/{repo}/issues/{issue_number}/labels': (call, world) =>
      onOne(call, (one) => {
        one.labels = (call.body as { labels: string[] }).labels;
        return { body: one.labels.map((name) => label(world, name)) };
      }),

    'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers': (call, world) =>
      onOne(call, (one) => {
        const { reviewers } = call.body as { reviewers: string[] };
        // By the description without a body.
        if (reviewers.includes('stranger')) return { status: 422 };
        one.reviewers = [...new Set([...one.reviewers, ...reviewers])];
        return { status: 201, body: pullRequest(world, one, 'pull-request-simple') };
      }),

    'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews': (call, world) =>
      onOne(call, (one) => ({
        body: page(call.query, one.reviews).map(({ login, state, body }) => ({
          ...world.description.sample('pull-request-review'),
          user: person(world, login),
          state,
          body,
          submitted_at: AT,
        })),
      })),

    'GET /repos/{owner}/{repo}/pulls/{pull_number}/comments': (call, world) =>
      onOne(call, (one) => ({
        body: page(call.query, one.comments).map(({ login, path, line, body }, id) => ({
          ...world.description.sample('pull-request-review-comment'),
          id,
          user: person(world, login),
          path,
          body,
          created_at: AT,
          ...(line !== null && { line }),
        })),
      })),

    'GET /repos/{owner}/{repo}/commits/{ref}/check-runs': (call, world) => {
      const all = checksOf(call);
      const runs = page(call.query, all).map((check) => ({
        ...world.description.sample('check-run'),
        id: idOf(check),
        name: check.name,
        html_url: `${world.url}/checks/${idOf(check)}`,
        status: 'completed',
        conclusion: check.conclusion,
        output: {
          title: check.title ?? null,
          summary: check.summary ?? null,
          text: null,
          annotations_count: check.annotations?.length ?? 0,
          annotations_url: world.url,
        },
      }));
      return { body: { total_count: all.length, check_runs: runs } };
    },

    'GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations': (call, world) => {
      const check = everyCheck()[Number(call.params['check_run_id']) - 1];
      const found = (check?.annotations ?? []).map(({ path, line, message }) => ({
        ...world.description.sample('check-annotation'),
        path,
        start_line: line,
        end_line: line,
        message,
        annotation_level: 'failure',
      }));
      return { body: found };
    },

    'GET /repos/{owner}/{repo}/commits/{ref}/status': (call, world) => {
      const all = statuses.get(call.params['ref'] ?? '') ?? [];
      const found = page(call.query, all).map((one) => ({
        ...world.description.sample('simple-commit-status'),
        ...one,
      }));
      const combined = world.description.sample('combined-commit-status');
      return {
        body: {
          ...combined,
          repository: {
            ...(combined['repository'] as object),
            owner: person(world, 'acme'),
          },
          state: 'pending',
          statuses: found,
          total_count: all.length,
        },
      };
    },

    'POST /repos/{owner}/{repo}/statuses/{sha}': (call, world) => {
      const { sha = '' } = call.params;
      const status = call.body as TestStatus;
      const others = (statuses.get(sha) ?? []).filter(({ context }) => context !== status.context);
      statuses.set(sha, [...others, status]);
      return {
        status: 201,
        body: { ...world.description.sample('status'), creator: person(world, 'octocat'), ...status },
      };
    },
  };
  return { all, checks, statuses, endpoints };
}

const refused = (status: number, message: string): GithubAnswer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest' },
});

const invalid = (field: string, message: string): GithubAnswer => ({
  status: 422,
  body: {
    message: 'Validation Failed',
    errors: [{ resource: 'PullRequest', code: 'custom', field, message }],
    documentation_url: 'https://docs.github.com/rest',
  },
});

const person = ({ description }: GithubWorld, login: string) => ({
  ...description.sample('simple-user'),
  login,
});

const label = ({ description }: GithubWorld, name: string) => ({
  ...description.sample('label'),
  description: '',
  name,
});

function pullRequest(
  world: GithubWorld,
  one: TestPullRequest,
  schema: 'pull-request' | 'pull-request-simple',
) {
  const sample = world.description.sample(schema);
  const branches = world.repositories.get(one.repository)?.branches ?? {};
  const at = (side: 'head' | 'base') => ({
    ...(sample[side] as object),
    ref: one[side],
    sha: branches[one[side]] ?? '0'.repeat(40),
  });
  return {
    ...sample,
    number: one.number,
    title: one.title,
    body: one.body,
    draft: one.draft,
    state: one.state,
    html_url: `${world.url}/${one.repository}/pull/${one.number}`,
    user: person(world, 'octocat'),
    merged_at: one.merged ? AT : null,
    created_at: one.createdAt,
    head: at('head'),
    base: at('base'),
    labels: one.labels.map((name) => label(world, name)),
    ...(schema === 'pull-request' && {
      merged: one.merged,
      mergeable: one.mergeable,
    }),
  };
}
