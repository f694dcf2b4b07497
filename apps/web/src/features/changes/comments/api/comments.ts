import {
  Comment,
  CommentPage,
  type CreateComment,
  SentComments,
  type UpdateComment,
} from '@saas-codex/contracts/comments';
import type { Diff } from '@saas-codex/contracts/diffs';
import type { Session } from '@saas-codex/contracts/sessions';
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { applyRun } from '../../../../entities/run/run-cache.js';
import { sessionKeys } from '../../../../entities/session/session-cache.js';
import { path, request } from '../../../../shared/api/request.js';

/** All comments of a session, with their places in this diff. Runs change what has become of them. */
export const commentsQuery = (
  { session_id: id, updated_at: at }: Pick<Session, 'session_id' | 'updated_at'>,
  { from, to }: Pick<Diff, 'from' | 'to'>,
) =>
  queryOptions({
    queryKey: [...sessionKeys.comments(id), from, to, at] as const,
    queryFn: async ({ signal }) => {
      const comments: Comment[] = [];
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page: CommentPage = await request(path`/api/sessions/${id}/comments`, {
          schema: CommentPage,
          query: { from, to, cursor },
          signal,
        });
        comments.push(...page.items);
        cursor = page.next_cursor;
      }
      return comments;
    },
    placeholderData: keepPreviousData,
  });

/** Reloads the comments of a session after a change of them. */
function useChangedComments(sessionId: string): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: sessionKeys.comments(sessionId) });
}

export function useCreateComment(sessionId: string) {
  const onSuccess = useChangedComments(sessionId);
  return useMutation({
    mutationFn: ({ body, idempotencyKey }: { body: CreateComment; idempotencyKey: string }) =>
      request(path`/api/sessions/${sessionId}/comments`, {
        method: 'POST',
        schema: Comment,
        body,
        idempotencyKey,
      }),
    onSuccess,
  });
}

export function useUpdateComment({ session_id: sessionId, comment_id: id }: Comment) {
  const onSettled = useChangedComments(sessionId);
  return useMutation({
    mutationFn: (body: UpdateComment) =>
      request(path`/api/sessions/${sessionId}/comments/${id}`, { method: 'PATCH', schema: Comment, body }),
    onSettled,
  });
}

export function useDeleteComment({ session_id: sessionId, comment_id: id }: Comment) {
  const onSettled = useChangedComments(sessionId);
  return useMutation({
    mutationFn: () => request(path`/api/sessions/${sessionId}/comments/${id}`, { method: 'DELETE' }),
    onSettled,
  });
}

export function useSendComments(sessionId: string) {
  const client = useQueryClient();
  const onSettled = useChangedComments(sessionId);
  return useMutation({
    mutationFn: ({ ids, idempotencyKey }: { ids: string[]; idempotencyKey: string }) =>
      request(path`/api/sessions/${sessionId}/comments/send`, {
        method: 'POST',
        schema: SentComments,
        body: { comment_ids: ids },
        idempotencyKey,
      }),
    onSuccess: ({ run }) => applyRun(client, run),
    onSettled,
  });
}
