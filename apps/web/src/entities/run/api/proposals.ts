import { Run } from '@saas-codex/contracts/runs';
import { CommitProposal, type ProposeCommitMessage } from '@saas-codex/contracts/shipping';
import { queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';
import { applyRun } from '../run-cache.js';
import { runsQuery } from './list-runs.js';

export const proposalQuery = (sessionId: string, run: Pick<Run, 'run_id' | 'status'> | undefined) =>
  queryOptions({
    queryKey: ['proposal', sessionId, run?.run_id] as const,
    queryFn: ({ signal }) =>
      request(path`/api/sessions/${sessionId}/commits/proposals/${run?.run_id ?? ''}`, {
        schema: CommitProposal,
        signal,
      }),
    enabled: run?.status === 'succeeded',
  });

/** The run that was asked last for a commit message, and what it says. */
export function useLatestProposal(sessionId: string) {
  const { data } = useInfiniteQuery(runsQuery(sessionId));
  const run = data?.pages.flatMap((page) => page.items).find(({ kind }) => kind === 'proposal');
  const { data: proposal, error } = useQuery(proposalQuery(sessionId, run));
  return { run, proposal, error };
}

/** Has Codex propose a commit message. */
export function useProposeMessage(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ProposeCommitMessage) =>
      request(path`/api/sessions/${sessionId}/commits/proposals`, { method: 'POST', schema: Run, body }),
    onSuccess: (run) => applyRun(client, run),
  });
}
