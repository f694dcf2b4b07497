import { CommitSigning } from '@saas-codex/contracts/signing-key';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';
import { randomId } from '../../../shared/lib/random-id.js';

export const signingKeyQuery = queryOptions({
  queryKey: ['signing-key'] as const,
  queryFn: ({ signal }) => request('/api/signing-key', { schema: CommitSigning, signal }),
  // No activity reports that somebody else has changed it.
  staleTime: 0,
});

export function useSigningKey() {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: signingKeyQuery.queryKey });
  return {
    create: useMutation({
      mutationFn: () =>
        request('/api/signing-key', { method: 'POST', schema: CommitSigning, idempotencyKey: randomId() }),
      onSettled,
    }),
    remove: useMutation({
      mutationFn: (): Promise<void> => request('/api/signing-key', { method: 'DELETE' }),
      onSettled,
    }),
  };
}
