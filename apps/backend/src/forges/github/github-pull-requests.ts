import type { PullRequestComment, PullRequestReview } from '@saas-codex/contracts/pull-requests';
import type { Octokit } from '@octokit/rest';
import { allPages } from '../port/all-pages.js';
import type {
  CommitStatus,
  ForgePullRequest,
  ForgePullRequests,
  NewPullRequest,
} from '../port/pull-requests.js';
import { lastReviews } from '../port/remarks.js';
import type { RepositoryRef } from '../port/repositories.js';
import { namesOf } from '../port/repository-names.js';
import { GithubChecks } from './github-checks.js';

const PAGE = 100;

/** What GitHub's lists and its single answers have in common. */
interface GivenPullRequest {
  number: number;
  html_url: string;
  title: string;
  body: string | null;
  state: string;
  draft?: boolean | undefined;
  merged_at: string | null;
  created_at: string;
  base: { ref: string };
  head: { sha: string };
  labels: { name?: string | undefined }[];
  mergeable?: boolean | null;
}

/** GitHub's description has a user of every comment. There is none once the account was deleted. */
interface GivenComment {
  user: { login: string } | null;
  path: string;
  line?: number | null;
  body: string;
  html_url: string;
  created_at: string;
}

export class GithubPullRequests implements ForgePullRequests {
  private readonly ofCommit: GithubChecks;

  constructor(private readonly octokit: Octokit) {
    this.ofCommit = new GithubChecks(octokit);
  }

  async ofBranch(ref: RepositoryRef, head: string): Promise<ForgePullRequest[]> {
    const names = namesOf(ref);
    const { data } = await this.octokit.rest.pulls.list({
      ...names,
      head: `${names.owner}:${head}`,
      state: 'all',
      sort: 'created',
      direction: 'desc',
      per_page: PAGE,
    });
    // GitHub ignores a head that it does not understand, and lists everything.
    return data.filter((one) => one.head.ref === head).map(toPullRequest);
  }

  async get(ref: RepositoryRef, number: number): Promise<ForgePullRequest> {
    const { data } = await this.octokit.rest.pulls.get({ ...namesOf(ref), pull_number: number });
    return toPullRequest(data);
  }

  async create(ref: RepositoryRef, wanted: NewPullRequest): Promise<ForgePullRequest> {
    const { data } = await this.octokit.rest.pulls.create({ ...namesOf(ref), ...wanted });
    return toPullRequest(data);
  }

  async update(
    ref: RepositoryRef,
    number: number,
    { title, body, base }: Pick<NewPullRequest, 'title' | 'body' | 'base'>,
  ): Promise<ForgePullRequest> {
    const wanted = { title, body, base };
    const { data } = await this.octokit.rest.pulls.update({
      ...namesOf(ref),
      pull_number: number,
      ...wanted,
    });
    return toPullRequest(data);
  }

  async setLabels(ref: RepositoryRef, number: number, labels: string[]): Promise<void> {
    const of = { ...namesOf(ref), issue_number: number };
    // GitHub's description allows no empty list.
    if (labels.length === 0) await this.octokit.rest.issues.removeAllLabels(of);
    else await this.octokit.rest.issues.setLabels({ ...of, labels });
  }

  async askForReview(ref: RepositoryRef, number: number, reviewers: string[]): Promise<void> {
    await this.octokit.rest.pulls.requestReviewers({ ...namesOf(ref), pull_number: number, reviewers });
  }

  checks(ref: RepositoryRef, commit: string) {
    return this.ofCommit.of(ref, commit);
  }

  async setStatus(ref: RepositoryRef, commit: string, status: CommitStatus): Promise<void> {
    await this.octokit.rest.repos.createCommitStatus({
      ...namesOf(ref),
      sha: commit,
      context: status.context,
      state: status.state === 'passed' ? 'success' : 'failure',
      description: status.summary,
      target_url: status.url,
    });
  }

  async reviews(ref: RepositoryRef, number: number): Promise<PullRequestReview[]> {
    const of = { ...namesOf(ref), pull_number: number, per_page: PAGE };
    const { items } = await allPages(PAGE, async (page) => {
      const { data } = await this.octokit.rest.pulls.listReviews({ ...of, page });
      return data;
    });
    return lastReviews(
      items.flatMap(({ user, state, body, submitted_at: at }) => {
        const known = REVIEWS[state];
        // A review that is not sent yet has no time.
        if (at === undefined || known === undefined) return [];
        const author = user?.login ?? 'ghost';
        return { author, state: known, body, at: new Date(at).toISOString() };
      }),
    );
  }

  async comments(ref: RepositoryRef, number: number): Promise<PullRequestComment[]> {
    const oldestFirst = { sort: 'created', direction: 'asc' } as const;
    const of = { ...namesOf(ref), pull_number: number, per_page: PAGE };
    const { items } = await allPages<GivenComment>(PAGE, async (page) => {
      const { data } = await this.octokit.rest.pulls.listReviewComments({ ...of, ...oldestFirst, page });
      return data;
    });
    return items.map((one) => ({
      author: one.user?.login ?? 'ghost',
      path: one.path,
      line: one.line ?? null,
      body: one.body,
      url: one.html_url,
      at: new Date(one.created_at).toISOString(),
    }));
  }
}

const REVIEWS: Readonly<Record<string, PullRequestReview['state']>> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes_requested',
  COMMENTED: 'commented',
  DISMISSED: 'commented',
};

function toPullRequest(given: GivenPullRequest): ForgePullRequest {
  const open = given.draft === true ? 'draft' : 'open';
  return {
    number: given.number,
    url: given.html_url,
    title: given.title,
    body: given.body ?? '',
    state: given.merged_at !== null ? 'merged' : given.state === 'closed' ? 'closed' : open,
    base: given.base.ref,
    headCommit: given.head.sha,
    conflicts: typeof given.mergeable === 'boolean' ? !given.mergeable : null,
    labels: given.labels.flatMap(({ name }) => name ?? []),
    createdAt: new Date(given.created_at),
  };
}
