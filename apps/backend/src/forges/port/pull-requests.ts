import type {
  PullRequestCheck,
  PullRequestComment,
  PullRequestReview,
  PullRequestState,
} from '@saas-codex/contracts/pull-requests';
import type { RepositoryRef } from './repositories.js';

/** A pull request as the forge has it. */
export interface ForgePullRequest {
  number: number;
  url: string;
  title: string;
  body: string;
  state: PullRequestState;
  /** The branch into which it is to be merged. */
  base: string;
  headCommit: string;
  /** null: the forge has not found out yet. */
  conflicts: boolean | null;
  labels: string[];
  createdAt: Date;
}

export interface NewPullRequest {
  title: string;
  body: string;
  /** The branch into which it is to be merged. */
  base: string;
  /** The branch that has the changes, in the same repository. */
  head: string;
  draft: boolean;
}

/** What we say about a commit ourselves. */
export interface CommitStatus {
  /** Tells it from those of others. */
  context: string;
  state: 'passed' | 'failed';
  summary: string;
  url: string;
}

/** What a forge does with pull requests. Every method throws `ForgeError`. Each may be repeated, except `create`. */
export interface ForgePullRequests {
  /** Those of a branch in any state, newest first. */
  ofBranch(repository: RepositoryRef, head: string): Promise<ForgePullRequest[]>;
  get(repository: RepositoryRef, number: number): Promise<ForgePullRequest>;
  /** Whether it has acted is not known when it throws `unavailable`: look with `ofBranch`. */
  create(repository: RepositoryRef, wanted: NewPullRequest): Promise<ForgePullRequest>;
  update(
    repository: RepositoryRef,
    number: number,
    wanted: Pick<NewPullRequest, 'title' | 'body' | 'base'>,
  ): Promise<ForgePullRequest>;
  /** Those and no others. */
  setLabels(repository: RepositoryRef, number: number, labels: string[]): Promise<void>;
  /** Asks them for a review, besides those who were asked before. */
  askForReview(repository: RepositoryRef, number: number, reviewers: string[]): Promise<void>;
  /** What programs say about a commit. Failed ones come with the part of their log that matters. */
  checks(repository: RepositoryRef, commit: string): Promise<PullRequestCheck[]>;
  /** Replaces the one of the same context. */
  setStatus(repository: RepositoryRef, commit: string, status: CommitStatus): Promise<void>;
  /** The last review of each person. */
  reviews(repository: RepositoryRef, number: number): Promise<PullRequestReview[]>;
  /** At lines of the changes, oldest first. */
  comments(repository: RepositoryRef, number: number): Promise<PullRequestComment[]>;
}
