import type { DiffFile } from '@saas-codex/contracts/diffs';
import { ReviewProgress, type ReviewProgressUpdate } from '@saas-codex/contracts/review-progress';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { shareLinkOfPage } from '../../../shared/api/shared-page.js';
import { path, request } from '../../../shared/api/request.js';
import { toastError } from '../../../shared/ui/toast.js';

const urlOf = (sessionId: string) => path`/api/sessions/${sessionId}/review-progress`;

const reviewProgressQuery = (sessionId: string) =>
  queryOptions({
    queryKey: ['review-progress', sessionId],
    queryFn: ({ signal }) => request(urlOf(sessionId), { schema: ReviewProgress, signal }),
    // Readers of links have no marks.
    enabled: shareLinkOfPage() === undefined,
    retry: false,
  });

/** What the person has reviewed of a session. */
export interface Review {
  /** undefined: it is not known, and cannot be changed. */
  progress: ReviewProgress | undefined;
  isLoading: boolean;
  isViewed: (file: DiffFile) => boolean;
  setViewed: (file: DiffFile, viewed: boolean) => void;
  markReviewed: (tree: string) => void;
}

/** A mark is shown at once, and taken back when it could not be saved. */
export function useReview(sessionId: string): Review {
  const client = useQueryClient();
  const query = reviewProgressQuery(sessionId);
  const { data: progress, isLoading } = useQuery(query);
  const { mutate } = useMutation({
    scope: { id: `review-progress ${sessionId}` },
    mutationFn: (update: ReviewProgressUpdate) =>
      request(urlOf(sessionId), { method: 'PATCH', schema: ReviewProgress, body: update }),
    onMutate: async (update) => {
      await client.cancelQueries(query);
      client.setQueryData(query.queryKey, (before) => before && afterUpdate(before, update));
    },
    onError: (error) => {
      toastError(error);
      return client.invalidateQueries(query);
    },
  });
  const viewed = useMemo(
    () => new Map(progress?.viewed.map(({ path: name, content_id: content }) => [name, content])),
    [progress],
  );
  const isViewed = useCallback(
    (file: DiffFile) => viewed.has(file.path) && viewed.get(file.path) === (file.content_id ?? null),
    [viewed],
  );
  const setViewed = useCallback(
    (file: DiffFile, wanted: boolean) =>
      mutate(
        wanted
          ? { viewed: [{ path: file.path, content_id: file.content_id ?? null }] }
          : { unviewed: [file.path] },
      ),
    [mutate],
  );
  const markReviewed = useCallback((tree: string) => mutate({ reviewed_tree: tree }), [mutate]);
  return { progress, isLoading, isViewed, setViewed, markReviewed };
}

function afterUpdate(before: ReviewProgress, update: ReviewProgressUpdate): ReviewProgress {
  const { viewed = [], unviewed = [], reviewed_tree: tree } = update;
  const changed = new Set([...unviewed, ...viewed.map((file) => file.path)]);
  return {
    reviewed: tree ? { tree, at: new Date().toISOString() } : before.reviewed,
    viewed: [...before.viewed.filter((file) => !changed.has(file.path)), ...viewed],
  };
}
