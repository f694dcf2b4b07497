import type {
  CheckState,
  PullRequestCheck,
  PullRequestComment,
  PullRequestReview,
} from '@saas-codex/contracts/pull-requests';
import { ForgeError } from '../port/forge-error.js';
import type {
  CommitStatus,
  ForgePullRequest,
  ForgePullRequests,
  NewPullRequest,
} from '../port/pull-requests.js';
import type { RepositoryRef } from '../port/repositories.js';
import { CommentAnswer, CommitAnswer, PullRequestAnswer, StatusAnswer } from './bitbucket-answers.js';
import { type BitbucketClient, pathOf, quoted, unlessMissing } from './bitbucket-client.js';
import { descriptionOf, fromDescription } from './bitbucket-markdown.js';
import { commentsOf, reviewsOf } from './bitbucket-remarks.js';
import { accountOf, isSame, type ReviewerRef } from './bitbucket-reviewers.js';

/** The most that a list of pull requests gives at once, and any other list. */
const PAGE = { pullRequests: 50, others: 100 };
const ALL_STATES = ['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED'] as const;
const HASH_LENGTH = 40;

/** Pull requests of Bitbucket Cloud. Their checks are statuses of commits, those of Pipelines too, without a log. */
export class BitbucketPullRequests implements ForgePullRequests {
  constructor(private readonly client: BitbucketClient) {}

  async ofBranch(ref: RepositoryRef, head: string): Promise<ForgePullRequest[]> {
    const { items } = await this.client.all(PullRequestAnswer, `${pathOf(ref)}/pullrequests`, {
      q: `source.branch.name = ${quoted(head)}`,
      state: ALL_STATES,
      sort: '-created_on',
      pagelen: PAGE.pullRequests,
    });
    // A fork may have a branch of the same name.
    const isOurs = ({ source }: PullRequestAnswer) =>
      source.repository?.full_name.toLowerCase() === ref.path.toLowerCase();
    return Promise.all(items.filter(isOurs).map((one) => this.toPullRequest(ref, one)));
  }

  async get(ref: RepositoryRef, number: number): Promise<ForgePullRequest> {
    return this.toPullRequest(ref, await this.read(ref, number));
  }

  async create(
    ref: RepositoryRef,
    { title, body, base, head, draft }: NewPullRequest,
  ): Promise<ForgePullRequest> {
    const wanted = {
      title,
      description: descriptionOf(body),
      source: { branch: { name: head } },
      destination: { branch: { name: base } },
      draft,
    };
    const path = `${pathOf(ref)}/pullrequests`;
    return this.toPullRequest(ref, await this.client.send(PullRequestAnswer, 'POST', path, wanted));
  }

  async update(
    ref: RepositoryRef,
    number: number,
    { title, body, base }: Pick<NewPullRequest, 'title' | 'body' | 'base'>,
  ): Promise<ForgePullRequest> {
    const there = await this.read(ref, number);
    const wanted = { title, description: descriptionOf(body), destination: { branch: { name: base } } };
    return this.toPullRequest(ref, await this.write(ref, { ...asWritten(there), ...wanted }, number));
  }

  setLabels(_: RepositoryRef, __: number, labels: string[]): Promise<void> {
    if (labels.length === 0) return Promise.resolve();
    return Promise.reject(
      new ForgeError('invalid', `${this.client.host} has no labels. Leave “${labels.join('”, “')}” out.`),
    );
  }

  async askForReview(ref: RepositoryRef, number: number, names: string[]): Promise<void> {
    const there = await this.read(ref, number);
    const asked = await Promise.all(names.map((name) => this.reviewerOf(ref, name)));
    const missing = asked.filter((one) => !there.reviewers.some((known) => isSame(one, known)));
    if (missing.length === 0) return;
    const written = asWritten(there);
    await this.write(ref, { ...written, reviewers: [...written.reviewers, ...missing] }, number);
  }

  async checks(ref: RepositoryRef, commit: string): Promise<PullRequestCheck[]> {
    const path = `${pathOf(ref)}/commit/${commit}/statuses`;
    const { items } = await this.client.all(StatusAnswer, path, { pagelen: PAGE.others });
    return items
      .map(({ key, name, state, url, description }) => ({
        name: name || key,
        state: STATUSES[state],
        url: url || null,
        summary: description || null,
        log: null,
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name));
  }

  async setStatus(ref: RepositoryRef, commit: string, status: CommitStatus): Promise<void> {
    await this.client.send(StatusAnswer, 'POST', `${pathOf(ref)}/commit/${commit}/statuses/build`, {
      key: status.context,
      name: status.context,
      state: status.state === 'passed' ? 'SUCCESSFUL' : 'FAILED',
      description: status.summary,
      url: status.url,
    });
  }

  async reviews(ref: RepositoryRef, number: number): Promise<PullRequestReview[]> {
    const [{ participants }, said] = await Promise.all([this.read(ref, number), this.said(ref, number)]);
    return reviewsOf(participants, said);
  }

  async comments(ref: RepositoryRef, number: number): Promise<PullRequestComment[]> {
    return commentsOf(await this.said(ref, number));
  }

  private read(ref: RepositoryRef, number: number): Promise<PullRequestAnswer> {
    return this.client.get(PullRequestAnswer, `${pathOf(ref)}/pullrequests/${number}`);
  }

  private write(ref: RepositoryRef, wanted: object, number: number): Promise<PullRequestAnswer> {
    return this.client.send(PullRequestAnswer, 'PUT', `${pathOf(ref)}/pullrequests/${number}`, wanted);
  }

  /** Comments, oldest first. */
  private async said(ref: RepositoryRef, number: number): Promise<CommentAnswer[]> {
    const path = `${pathOf(ref)}/pullrequests/${number}/comments`;
    const { items } = await this.client.all(CommentAnswer, path, {
      sort: 'created_on',
      pagelen: PAGE.others,
    });
    return items.filter(({ deleted, pending }) => !deleted && !pending);
  }

  /** An access token is not shown the list of people, but it sees who has to do with the newest pull requests. */
  private async reviewerOf(ref: RepositoryRef, name: string): Promise<ReviewerRef> {
    const known = accountOf(name, []);
    if (known) return known;
    const newest = await this.client.first(PullRequestAnswer, `${pathOf(ref)}/pullrequests`, {
      state: ALL_STATES,
      sort: '-updated_on',
      fields: '+values.reviewers,+values.participants',
      pagelen: PAGE.pullRequests,
    });
    const people = newest.flatMap(({ author, reviewers, participants }) => [
      author,
      ...reviewers,
      ...participants.map(({ user }) => user),
    ]);
    const found = accountOf(name, people);
    if (found) return found;
    throw new ForgeError(
      'invalid',
      `Nobody called “${name}” has to do with the newest pull requests of ${ref.path}, or several have. Give the person's UUID, such as {04776764-62c7-453b-b97e-302f60395ceb}.`,
    );
  }

  private async toPullRequest(ref: RepositoryRef, given: PullRequestAnswer): Promise<ForgePullRequest> {
    const open = given.draft ? 'draft' : 'open';
    return {
      number: given.id,
      url: given.links.html.href,
      title: given.title,
      body: fromDescription(given.summary?.raw ?? ''),
      state: given.state === 'OPEN' ? open : given.state === 'MERGED' ? 'merged' : 'closed',
      base: given.destination.branch.name,
      headCommit: await this.commitOf(ref, given.source.commit?.hash ?? ''),
      conflicts: null,
      labels: [],
      createdAt: new Date(given.created_on),
    };
  }

  /** The whole hash: pull requests have the first twelve digits of it. */
  private async commitOf(ref: RepositoryRef, hash: string): Promise<string> {
    if (hash === '' || hash.length === HASH_LENGTH) return hash;
    const found = await unlessMissing(this.client.get(CommitAnswer, `${pathOf(ref)}/commit/${hash}`));
    return found?.hash ?? hash;
  }
}

/** What is left out of a change, Bitbucket takes away. */
const asWritten = ({ title, summary, destination, reviewers, ...there }: PullRequestAnswer) => ({
  title,
  description: summary?.raw ?? '',
  destination: { branch: { name: destination.branch.name } },
  draft: there.draft,
  close_source_branch: there.close_source_branch,
  reviewers: reviewers.flatMap(({ uuid }) => (uuid === undefined ? [] : { uuid })),
});

const STATUSES: Readonly<Record<StatusAnswer['state'], CheckState>> = {
  SUCCESSFUL: 'passed',
  FAILED: 'failed',
  STOPPED: 'failed',
  INPROGRESS: 'pending',
};
