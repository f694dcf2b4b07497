import type { Session } from '@saas-codex/contracts/sessions';
import {
  AgentCommits,
  Commit,
  CommitPage,
  type CreateCommit,
  Push,
  PushPage,
} from '@saas-codex/contracts/shipping';
import { CommitSigning } from '@saas-codex/contracts/signing-key';
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError } from '../../../shared/api/api-error.js';
import { path, request } from '../../../shared/api/request.js';
import { randomId } from '../../../shared/lib/random-id.js';

const keyOf = (sessionId: string) => ['shipping', sessionId] as const;

/** What was shipped of a session, newest first, and where the next push goes. It is read again when the last push changes. */
export const shippedQuery = ({ session_id: id, last_push: last }: Session) =>
  queryOptions({
    queryKey: [...keyOf(id), last?.push_id, last?.status, last?.retry_at] as const,
    queryFn: async ({ signal }) => {
      const [pushes, commits, signing] = await Promise.all([
        request(path`/api/sessions/${id}/pushes`, { schema: PushPage, query: { limit: 20 }, signal }),
        request(path`/api/sessions/${id}/commits`, { schema: CommitPage, query: { limit: 100 }, signal }),
        request('/api/signing-key', { schema: CommitSigning, signal }),
      ]);
      const pushed = pushes.items.find(({ status }) => status === 'pushed');
      const commit = commits.items.find(({ commit_id }) => commit_id === pushed?.commit_id);
      return {
        last: pushes.items[0],
        branch: pushes.suggested_branch,
        branchPattern: pushes.branch_pattern ?? null,
        shippedTree: commit?.tree,
        signed: signing.key !== null,
      };
    },
    placeholderData: keepPreviousData,
  });

/** Codex's own commits that are not shipped yet. @param tree the files as they are now */
export const agentCommitsQuery = (
  { session_id: id, status, active_run_id: run, queued_runs: queued }: Session,
  tree: string | undefined,
) =>
  queryOptions({
    queryKey: [...keyOf(id), 'agent', run, queued, tree] as const,
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${id}/agent-commits`, { schema: AgentCommits, signal }),
    enabled: tree !== undefined && status === 'ready' && run === null && queued === 0,
  });

export type ShipRequest = CreateCommit & { branch: string };

/** Keys with which the same request is sent again: then the same commit is pushed, once. */
const keys = new Map<string, { request: string; commit: string; push: string }>();

/** Commits what was reviewed, and pushes the commit. Sent again after a lost connection, it makes neither twice. */
export function useShip(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ branch, ...body }: ShipRequest) => {
      const asked = JSON.stringify([branch, body]);
      const known = keys.get(sessionId);
      const once =
        known?.request === asked ? known : { request: asked, commit: randomId(), push: randomId() };
      keys.set(sessionId, once);
      try {
        const { commit_id } = await request(path`/api/sessions/${sessionId}/commits`, {
          method: 'POST',
          schema: Commit,
          body,
          idempotencyKey: once.commit,
        });
        const push = await startPush(sessionId, { commit_id, branch }, once.push);
        keys.delete(sessionId);
        return push;
      } catch (error) {
        if (!(error instanceof ApiError && error.transient)) keys.delete(sessionId);
        throw error;
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: keyOf(sessionId) }),
  });
}

/** Pushes a commit that is made already. */
export function usePushAgain(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { commit_id: string; branch: string }) => startPush(sessionId, body),
    onSettled: () => client.invalidateQueries({ queryKey: keyOf(sessionId) }),
  });
}

const startPush = (sessionId: string, body: { commit_id: string; branch: string }, idempotencyKey?: string) =>
  request(path`/api/sessions/${sessionId}/pushes`, { method: 'POST', schema: Push, body, idempotencyKey });
