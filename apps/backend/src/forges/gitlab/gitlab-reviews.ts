import type { DiscussionNoteSchema } from '@gitbeaker/core';
import type { PullRequestComment, PullRequestReview } from '@saas-codex/contracts/pull-requests';
import { allPages } from '../port/all-pages.js';
import { unlessMissing } from '../port/forge-error.js';
import { lastReviews } from '../port/remarks.js';
import { type GitlabClient, PAGE, pageOf } from './gitlab-client.js';

/** What the client's type leaves out. */
interface Note extends DiscussionNoteSchema {
  resolved?: boolean;
  /** Of a note at the changes. */
  position?: {
    new_path: string | null;
    old_path: string | null;
    new_line: number | null;
    old_line: number | null;
    /** Up to which commit GitLab has followed the line. */
    head_sha: string;
  };
}

interface Approval {
  user: { username: string };
  /** Older versions do not say it. */
  approved_at?: string;
}

/**
 * What people say of a merge request. GitLab has no reviews as such:
 *
 *     approvals                       approved
 *     reviewers who asked for changes changes_requested, with the last words that they wrote
 *     words of others                 commented
 *     threads at lines, unless resolved   comments
 */
export class GitlabReviews {
  constructor(private readonly client: GitlabClient) {}

  async reviews(path: string, number: number): Promise<PullRequestReview[]> {
    const [there, approvals, reviewers, notes] = await Promise.all([
      this.client.mergeRequests.show(path, number),
      this.client.approvals.showConfiguration(path, { mergerequestIId: number }),
      // Versions before 15.3 have no such list.
      unlessMissing(this.client.mergeRequests.showReviewers(path, number)),
      this.notes(path, number),
    ]);
    const words = notes.filter((note) => !note.system && note.position === undefined).map(toWords);
    const approved = (approvals.approved_by ?? []) as Approval[];
    const asked = (reviewers ?? []).filter(({ state }) => state === 'requested_changes');
    return lastReviews([
      ...words.filter(({ author }) => author !== there.author.username),
      ...asked.map(({ user: { username: author }, created_at: at }) => {
        const last = words.findLast((one) => one.author === author);
        return {
          author,
          state: 'changes_requested' as const,
          body: last?.body ?? '',
          at: last?.at ?? timeOf(at),
        };
      }),
      ...approved.map(({ user: { username: author }, approved_at: at }) => {
        const state = 'approved' as const;
        return { author, state, body: '', at: timeOf(at ?? there.created_at) };
      }),
    ]);
  }

  async comments(path: string, number: number): Promise<PullRequestComment[]> {
    const [there, notes] = await Promise.all([
      this.client.mergeRequests.show(path, number),
      this.notes(path, number),
    ]);
    return notes.flatMap((note) => {
      const { id, author, position: at, system, resolved } = note;
      if (!at || system || resolved === true) return [];
      return {
        author: author.username,
        path: at.new_path ?? at.old_path ?? '',
        line: at.head_sha === there.sha ? (at.new_line ?? at.old_line) : null,
        body: note.body,
        url: `${there.web_url}#note_${id}`,
        at: timeOf(note.created_at),
      };
    });
  }

  /** Oldest first. */
  private async notes(path: string, number: number): Promise<Note[]> {
    const { items } = await allPages(PAGE, (page) => this.client.discussions.all(path, number, pageOf(page)));
    const notes = items.flatMap((discussion) => (discussion.notes ?? []) as Note[]);
    return notes.toSorted((a, b) => a.created_at.localeCompare(b.created_at));
  }
}

const timeOf = (text: string): string => new Date(text).toISOString();

const toWords = ({ author, body, created_at: at }: Note): PullRequestReview => ({
  author: author.username,
  state: 'commented',
  body,
  at: timeOf(at),
});
