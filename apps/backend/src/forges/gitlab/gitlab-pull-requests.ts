import type { MergeRequestSchema } from '@gitbeaker/core';
import { allPages } from '../port/all-pages.js';
import { ForgeError } from '../port/forge-error.js';
import type {
  CommitStatus,
  ForgePullRequest,
  ForgePullRequests,
  NewPullRequest,
} from '../port/pull-requests.js';
import type { RepositoryRef } from '../port/repositories.js';
import { GitlabChecks } from './gitlab-checks.js';
import { type GitlabClient, PAGE, pageOf } from './gitlab-client.js';
import { GitlabReviews } from './gitlab-reviews.js';
import { asDraft, asWritten, withoutActions, withoutDraft } from './gitlab-texts.js';

/** GitLab's merge requests. */
export class GitlabPullRequests implements ForgePullRequests {
  private readonly ofCommit: GitlabChecks;
  private readonly ofPeople: GitlabReviews;

  constructor(private readonly client: GitlabClient) {
    this.ofCommit = new GitlabChecks(client);
    this.ofPeople = new GitlabReviews(client);
  }

  async ofBranch({ path }: RepositoryRef, head: string): Promise<ForgePullRequest[]> {
    const of = { projectId: path, sourceBranch: head, orderBy: 'created_at', sort: 'desc' } as const;
    const { items } = await allPages(PAGE, (page) =>
      this.client.mergeRequests.all({ ...of, ...pageOf(page) }),
    );
    // A fork may have a branch of the same name.
    return items.filter((one) => one.source_project_id === one.target_project_id).map(toPullRequest);
  }

  async get({ path }: RepositoryRef, number: number): Promise<ForgePullRequest> {
    return toPullRequest(await this.client.mergeRequests.show(path, number));
  }

  async create({ path }: RepositoryRef, wanted: NewPullRequest): Promise<ForgePullRequest> {
    const { head, base, title, body, draft } = wanted;
    const description = withoutActions(body);
    return toPullRequest(
      await this.client.mergeRequests.create(path, head, base, draft ? asDraft(title) : title, {
        description,
      }),
    );
  }

  async update(
    { path }: RepositoryRef,
    number: number,
    { title, body, base }: Pick<NewPullRequest, 'title' | 'body' | 'base'>,
  ): Promise<ForgePullRequest> {
    const { draft } = await this.client.mergeRequests.show(path, number);
    return toPullRequest(
      await this.client.mergeRequests.edit(path, number, {
        title: draft ? asDraft(title) : title,
        description: withoutActions(body),
        targetBranch: base,
      }),
    );
  }

  async setLabels({ path }: RepositoryRef, number: number, labels: string[]): Promise<void> {
    const wrong = labels.find((label) => label.includes(','));
    if (wrong !== undefined)
      throw new ForgeError('invalid', `GitLab has no labels with a comma, such as “${wrong}”.`);
    await this.client.mergeRequests.edit(path, number, { labels: labels.join(',') });
  }

  async askForReview({ path }: RepositoryRef, number: number, reviewers: string[]): Promise<void> {
    const [{ reviewers: asked }, ...wanted] = await Promise.all([
      this.client.mergeRequests.show(path, number),
      ...reviewers.map((name) => this.idOf(name)),
    ]);
    const before = (asked ?? []).map(({ id }) => id);
    if (wanted.every((id) => before.includes(id))) return;
    const reviewerIds = [...new Set([...wanted, ...before])];
    const { reviewers: after } = await this.client.mergeRequests.edit(path, number, { reviewerIds });
    const missing = reviewers.filter((_, i) => !(after ?? []).some(({ id }) => id === wanted[i]));
    // GitLab leaves them out without a word.
    if (missing.length > 0)
      throw new ForgeError(
        'invalid',
        `GitLab did not ask “${missing.join('”, “')}” for a review. They must be able to see the repository, and without GitLab Premium there is one reviewer.`,
      );
  }

  checks({ path }: RepositoryRef, commit: string) {
    return this.ofCommit.of(path, commit);
  }

  async setStatus({ path }: RepositoryRef, commit: string, status: CommitStatus): Promise<void> {
    const state = status.state === 'passed' ? 'success' : 'failed';
    await this.client.commits.editStatus(path, commit, state, {
      name: status.context,
      description: status.summary,
      targetUrl: status.url,
    });
  }

  reviews({ path }: RepositoryRef, number: number) {
    return this.ofPeople.reviews(path, number);
  }

  comments({ path }: RepositoryRef, number: number) {
    return this.ofPeople.comments(path, number);
  }

  private async idOf(username: string): Promise<number> {
    const [user] = await this.client.users.all({ username, ...pageOf(1, 1) });
    if (!user)
      throw new ForgeError('invalid', `GitLab knows nobody with the user name “${username}”. Check it.`);
    return user.id;
  }
}

/** Before GitLab has looked for conflicts, or while it does. */
const LOOKING = [
  'preparing',
  'unchecked',
  'checking',
  'cannot_be_merged_recheck',
  'cannot_be_merged_rechecking',
];

function stateOf({ state, draft }: MergeRequestSchema): ForgePullRequest['state'] {
  if (state === 'merged' || state === 'closed') return state;
  return draft ? 'draft' : 'open';
}

function toPullRequest(given: MergeRequestSchema): ForgePullRequest {
  return {
    number: given.iid,
    url: given.web_url,
    title: given.draft ? withoutDraft(given.title) : given.title,
    body: asWritten(given.description ?? ''),
    state: stateOf(given),
    base: given.target_branch,
    headCommit: given.sha,
    conflicts: LOOKING.includes(given.merge_status) ? null : given.has_conflicts,
    labels: given.labels.map((label) => (typeof label === 'string' ? label : label.name)),
    createdAt: new Date(given.created_at),
  };
}
