import type { PullRequestComment, PullRequestReview } from '@saas-codex/contracts/pull-requests';
import type { AccountAnswer, CommentAnswer, PullRequestAnswer } from './bitbucket-answers.js';

const nameOf = (account: AccountAnswer | null | undefined): string =>
  account?.nickname ?? account?.display_name ?? 'ghost';

/**
 * Bitbucket has no reviews with words. Who approves or asks for changes does so beside what they write about the whole pull request,
 * so the last of that goes with it. Who only writes has commented.
 * @param said oldest first
 */
export function reviewsOf(
  participants: PullRequestAnswer['participants'],
  said: readonly CommentAnswer[],
): PullRequestReview[] {
  const reviews = new Map<string, PullRequestReview>();
  for (const { user, inline, content, created_on: at } of said)
    if (!inline)
      reviews.set(keyOf(user), {
        author: nameOf(user),
        state: 'commented',
        body: content.raw ?? '',
        at: timeOf(at),
      });
  for (const { user, state, participated_on: at } of participants) {
    if (!state) continue;
    const words = reviews.get(keyOf(user));
    reviews.set(keyOf(user), {
      author: nameOf(user),
      state,
      body: words?.body ?? '',
      at: at ? timeOf(at) : (words?.at ?? timeOf(0)),
    });
  }
  return [...reviews.values()].toSorted((a, b) => a.at.localeCompare(b.at));
}

/** At lines of the changes. @param said oldest first */
export function commentsOf(said: readonly CommentAnswer[]): PullRequestComment[] {
  return said.flatMap(({ user, inline, content, links, created_on: at }) =>
    inline
      ? {
          author: nameOf(user),
          path: inline.path,
          line: inline.outdated ? null : (inline.to ?? null),
          body: content.raw ?? '',
          url: links?.html?.href ?? '',
          at: timeOf(at),
        }
      : [],
  );
}

/** Names are not unique. */
const keyOf = (account: AccountAnswer | null | undefined) => account?.uuid ?? nameOf(account);

const timeOf = (at: string | number) => new Date(at).toISOString();
