import type { PullRequestReview } from '@saas-codex/contracts/pull-requests';

/** Characters of what one person wrote. */
const MAX_TEXT = 4_000;
/** Characters of what one check says. */
const MAX_LOG = 6_000;

/** As much of a person's words at a forge as is kept. */
export const asRemark = (text: string): string => text.slice(0, MAX_TEXT);

/** The end of a log says why it ended. */
export const endOfLog = (text: string): string =>
  text.length <= MAX_LOG ? text : `…${text.slice(-MAX_LOG)}`;

/** The last one of each person. A comment does not take back what was said before. @param all oldest first */
export function lastReviews(all: readonly PullRequestReview[]): PullRequestReview[] {
  const last = new Map<string, PullRequestReview>();
  for (const review of all)
    if (review.state !== 'commented' || !last.has(review.author)) last.set(review.author, review);
  return [...last.values()];
}
