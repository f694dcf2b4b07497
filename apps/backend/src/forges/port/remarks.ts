import type { PullRequestReview } from '@saas-codex/contracts/pull-requests';

/** The last one of each person. A comment does not take back what was said before. @param all oldest first */
export function lastReviews(all: readonly PullRequestReview[]): PullRequestReview[] {
  const last = new Map<string, PullRequestReview>();
  for (const review of all)
    if (review.state !== 'commented' || !last.has(review.author)) last.set(review.author, review);
  return [...last.values()];
}
