import { CreateComment } from '@saas-codex/contracts/comments';
import { useMemo } from 'react';
import { z } from 'zod';
import { drafts, useDraft } from '../../../shared/lib/drafts.js';
import { randomId } from '../../../shared/lib/random-id.js';

const { text: _, ...lines } = CreateComment.shape;

/** A comment that somebody is writing. Its text is a draft of its own. */
export const CommentDraft = z.object({
  ...lines,
  /** Also the idempotency key with which it is saved. */
  key: z.string(),
});
export type CommentDraft = z.infer<typeof CommentDraft>;

const listName = (sessionId: string) => `comments/${sessionId}`;
export const draftTextName = ({ key }: Pick<CommentDraft, 'key'>): string => `comment/${key}`;

function readList(text: string): CommentDraft[] {
  try {
    return z.array(CommentDraft).parse(JSON.parse(text || '[]'));
  } catch {
    return [];
  }
}

const change = (sessionId: string, next: (list: CommentDraft[]) => CommentDraft[]) => {
  const list = next(readList(drafts.read(listName(sessionId))));
  drafts.write(listName(sessionId), list.length === 0 ? '' : JSON.stringify(list));
};

/** The field that was opened last, until it has the focus. Those that a reload shows again don't take it. */
let opened: string | null = null;

export const commentDrafts = {
  /** Opens a field at these lines, or shows the one that is there. */
  open: (sessionId: string, at: Omit<CommentDraft, 'key'>): void =>
    change(sessionId, (list) => {
      if (list.some((one) => isAt(one, at))) return list;
      opened = randomId();
      return [...list, { ...at, key: opened }];
    }),

  /** True once for a field that the person has just opened. */
  takesFocus: ({ key }: CommentDraft): boolean => {
    const takes = key === opened;
    if (takes) opened = null;
    return takes;
  },

  close: (sessionId: string, draft: CommentDraft): void => {
    drafts.write(draftTextName(draft), '');
    change(sessionId, (list) => list.filter(({ key }) => key !== draft.key));
  },
};

/** The comments that the person is writing in this session. */
export function useCommentDrafts(sessionId: string): readonly CommentDraft[] {
  const [text] = useDraft(listName(sessionId));
  return useMemo(() => readList(text), [text]);
}

const isAt = (one: CommentDraft, at: Omit<CommentDraft, 'key'>) =>
  one.path === at.path &&
  one.side === at.side &&
  one.first_line === at.first_line &&
  one.last_line === at.last_line;
