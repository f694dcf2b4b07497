import type { Comment } from '@saas-codex/contracts/comments';
import type { Diff, DiffFile } from '@saas-codex/contracts/diffs';
import type { ReviewFinding } from '@saas-codex/contracts/items';
import type { Session } from '@saas-codex/contracts/sessions';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { shareLinkOfPage } from '../../shared/api/shared-page.js';
import { commentsQuery } from './comments/api/comments.js';
import { type CommentDraft, useCommentDrafts } from './comments/comment-drafts.js';
import { useFindings } from './use-findings.js';

/** All that is said about lines of a file which end with this one. */
export interface LineNote {
  side: 'old' | 'new';
  line: number;
  findings: ReviewFinding[];
  comments: Comment[];
  /** Fields in which comments are written. */
  drafts: CommentDraft[];
}

const NONE: readonly LineNote[] = [];
const NO_COMMENTS: readonly Comment[] = [];

/** The comments of a session, with their places in this diff. Readers of a link get none. */
export const useComments = (session: Session, diff: Pick<Diff, 'from' | 'to'>) =>
  useQuery({ ...commentsQuery(session, diff), enabled: shareLinkOfPage() === undefined });

/** What is said about the lines of each file: comments, those that are being written, and findings of a review. */
export function useLineNotes(session: Session, diff: Diff): (file: DiffFile) => readonly LineNote[] {
  const findings = useFindings(session);
  const { data: comments = NO_COMMENTS } = useComments(session, diff);
  const drafts = useCommentDrafts(session.session_id);
  return useMemo(() => {
    const notes = new Notes();
    // Those with a field come first: the viewer tells notes apart by their position, and a field that moves loses the focus.
    for (const draft of drafts) notes.at(draft.path, draft.side, draft.last_line).drafts.push(draft);
    for (const comment of comments) {
      const { place } = comment;
      if (place) notes.at(place.path, sideOf(comment), place.last_line).comments.push(comment);
    }
    for (const [path, ofFile] of findings)
      for (const finding of ofFile) notes.at(path, 'new', finding.last_line).findings.push(finding);
    const ofFiles = new Map(diff.files.map(({ path, old_path: old }) => [path, notes.of(path, old ?? path)]));
    return ({ path }) => ofFiles.get(path) ?? NONE;
  }, [findings, comments, drafts, diff.files]);
}

const sideOf = ({ side }: Comment): 'old' | 'new' => (side === 'old' ? 'old' : 'new');

class Notes {
  private readonly notes = new Map<string, LineNote & { path: string }>();

  at(path: string, side: 'old' | 'new', line: number): LineNote {
    const key = `${side} ${line} ${path}`;
    const note = this.notes.get(key) ?? { path, side, line, findings: [], comments: [], drafts: [] };
    this.notes.set(key, note);
    return note;
  }

  /** A file has its old path on the old side. */
  of(path: string, oldPath: string): readonly LineNote[] {
    const found = [...this.notes.values()].filter(
      (note) => note.path === (note.side === 'old' ? oldPath : path),
    );
    return found.length === 0 ? NONE : found;
  }
}
