import type { CheckState, PullRequestComment, PullRequestReview } from '@saas-codex/contracts/pull-requests';
import type { PullRequest, PullReview, PullReviewComment } from 'gitea-js';
import { allPages } from '../port/all-pages.js';
import { ForgeError } from '../port/forge-error.js';
import type {
  CommitStatus,
  ForgePullRequest,
  ForgePullRequests,
  NewPullRequest,
} from '../port/pull-requests.js';
import { lastReviews } from '../port/remarks.js';
import type { RepositoryRef } from '../port/repositories.js';
import { giteaAsker, type GiteaClient, inPath } from './gitea-client.js';

/** What every installation allows. */
const PAGE = 50;
/** Newest reviews whose comments are read. */
const MAX_READ = 20;
/** How long Gitea may look for conflicts. */
const LOOKS_MS = 60_000;
/** Gitea has drafts by their title. Each installation has this prefix, if its admin has not chosen others. */
const DRAFT = { prefix: 'WIP: ', pattern: /^(wip:|\[wip\])\s*/i };

/** Pull requests of Gitea and Forgejo. Their checks, those of Actions too, are statuses of commits, without a log. */
export class GiteaPullRequests implements ForgePullRequests {
  constructor(
    private readonly client: GiteaClient,
    private readonly ask: ReturnType<typeof giteaAsker>,
  ) {}

  async ofBranch(ref: RepositoryRef, head: string): Promise<ForgePullRequest[]> {
    const { owner, repo } = inPath(ref);
    // Newest first. There is no search by branch that finds closed ones.
    const { items } = await allPages(PAGE, (page) =>
      this.ask(() =>
        this.client.repos.repoListPullRequests(owner, repo, { state: 'all', page, limit: PAGE }),
      ),
    );
    // The label stays when the branch is deleted. A fork may have a branch of the same name.
    const isOurs = ({ head: from, base }: PullRequest) =>
      from?.label === head && from.repo_id === base?.repo_id;
    return items.filter(isOurs).map(toPullRequest);
  }

  async get(ref: RepositoryRef, number: number): Promise<ForgePullRequest> {
    return toPullRequest(await this.read(ref, number));
  }

  async create(ref: RepositoryRef, { title, draft, ...wanted }: NewPullRequest): Promise<ForgePullRequest> {
    const { owner, repo } = inPath(ref);
    const body = { ...wanted, title: titled(title, draft) };
    return toPullRequest(await this.ask(() => this.client.repos.repoCreatePullRequest(owner, repo, body)));
  }

  async update(
    ref: RepositoryRef,
    number: number,
    { title, body, base }: Pick<NewPullRequest, 'title' | 'body' | 'base'>,
  ): Promise<ForgePullRequest> {
    const { owner, repo } = inPath(ref);
    const draft = isDraft(await this.read(ref, number));
    const wanted = { title: titled(title, draft), body, base };
    return toPullRequest(
      await this.ask(() => this.client.repos.repoEditPullRequest(owner, repo, number, wanted)),
    );
  }

  async setLabels(ref: RepositoryRef, number: number, labels: string[]): Promise<void> {
    const { owner, repo } = inPath(ref);
    const set = await this.ask(() => this.client.repos.issueReplaceLabels(owner, repo, number, { labels }));
    const missing = labels.filter((label) => !set.some(({ name }) => name === label));
    // Gitea leaves them out without a word.
    if (missing.length > 0)
      throw new ForgeError(
        'invalid',
        `The repository has no label “${missing.join('”, “')}”. Create it at the forge, or leave it out.`,
      );
  }

  async askForReview(ref: RepositoryRef, number: number, reviewers: string[]): Promise<void> {
    const { owner, repo } = inPath(ref);
    await this.ask(() => this.client.repos.repoCreatePullReviewRequests(owner, repo, number, { reviewers }));
  }

  async checks(ref: RepositoryRef, commit: string) {
    const { owner, repo } = inPath(ref);
    const { items } = await allPages(PAGE, async (page) => {
      const paging = { page, limit: PAGE };
      const all = await this.ask(() =>
        this.client.repos.repoGetCombinedStatusByRef(owner, repo, commit, paging),
      );
      return all.statuses ?? [];
    });
    return items
      .map(({ context = '', status = '', target_url: url, description }) => ({
        name: context,
        state: STATUSES[status] ?? 'pending',
        url: url || null,
        summary: description || null,
        log: null,
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name));
  }

  async setStatus(ref: RepositoryRef, commit: string, status: CommitStatus): Promise<void> {
    const { owner, repo } = inPath(ref);
    const body = {
      context: status.context,
      state: status.state === 'passed' ? 'success' : 'failure',
      description: status.summary,
      target_url: status.url,
    };
    await this.ask(() => this.client.repos.repoCreateStatus(owner, repo, commit, body));
  }

  async reviews(ref: RepositoryRef, number: number): Promise<PullRequestReview[]> {
    const all = await this.allReviews(ref, number);
    return lastReviews(
      all.flatMap(({ user, state = '', dismissed, body = '', submitted_at: at }) => {
        const known = REVIEWS[state];
        if (known === undefined || at === undefined) return [];
        return {
          author: user?.login ?? 'ghost',
          state: dismissed === true ? 'commented' : known,
          body,
          at: new Date(at).toISOString(),
        };
      }),
    );
  }

  async comments(ref: RepositoryRef, number: number): Promise<PullRequestComment[]> {
    const { owner, repo } = inPath(ref);
    const reviews = await this.allReviews(ref, number);
    const withComments = reviews.filter(({ comments_count: count = 0 }) => count > 0).slice(-MAX_READ);
    const read = withComments.map(({ id = 0 }) =>
      this.ask(() => this.client.repos.repoGetPullReviewComments(owner, repo, number, id)),
    );
    const comments = (await Promise.all(read)).flat().map(toComment);
    return comments.toSorted((a, b) => a.at.localeCompare(b.at));
  }

  private read(ref: RepositoryRef, number: number): Promise<PullRequest> {
    const { owner, repo } = inPath(ref);
    return this.ask(() => this.client.repos.repoGetPullRequest(owner, repo, number));
  }

  private async allReviews(ref: RepositoryRef, number: number): Promise<PullReview[]> {
    const { owner, repo } = inPath(ref);
    const { items } = await allPages(PAGE, (page) =>
      this.ask(() => this.client.repos.repoListPullReviews(owner, repo, number, { page, limit: PAGE })),
    );
    return items.toSorted((a, b) => (a.submitted_at ?? '').localeCompare(b.submitted_at ?? ''));
  }
}

const STATUSES: Readonly<Record<string, CheckState>> = {
  success: 'passed',
  skipped: 'passed',
  pending: 'pending',
  warning: 'failed',
  failure: 'failed',
  error: 'failed',
};

/** Others are not sent yet, or only ask for one. */
const REVIEWS: Readonly<Record<string, PullRequestReview['state']>> = {
  APPROVED: 'approved',
  REQUEST_CHANGES: 'changes_requested',
  COMMENT: 'commented',
};

/** Older versions do not say it. */
const isDraft = ({ draft, title = '' }: PullRequest): boolean => draft ?? DRAFT.pattern.test(title);

const titled = (title: string, draft: boolean) => (draft ? `${DRAFT.prefix}${title}` : title);

const toComment = (one: PullReviewComment): PullRequestComment => ({
  author: one.user?.login ?? 'ghost',
  path: one.path ?? '',
  // 0: the line is gone.
  line: one.position || null,
  body: one.body ?? '',
  url: one.html_url ?? '',
  at: new Date(one.created_at ?? 0).toISOString(),
});

function toPullRequest(given: PullRequest): ForgePullRequest {
  const { title = '', merged = false, created_at: at = 0 } = given;
  const draft = isDraft(given);
  const open = draft ? 'draft' : 'open';
  return {
    number: given.number ?? 0,
    url: given.html_url ?? '',
    title: draft ? title.replace(DRAFT.pattern, '') : title,
    body: given.body ?? '',
    state: merged ? 'merged' : given.state === 'closed' ? 'closed' : open,
    base: given.base?.ref ?? '',
    headCommit: given.head?.sha ?? '',
    conflicts: conflictsOf(given),
    labels: (given.labels ?? []).flatMap(({ name }) => name ?? []),
    createdAt: new Date(at),
  };
}

/** “Not mergeable” is also what Gitea says of every draft, and while it looks for conflicts. */
function conflictsOf(given: PullRequest): boolean | null {
  const { mergeable, updated_at: at } = given;
  if (mergeable === true) return false;
  const mayBeLooking = at === undefined || Date.now() - Date.parse(at) < LOOKS_MS;
  return mergeable === undefined || isDraft(given) || mayBeLooking ? null : true;
}
