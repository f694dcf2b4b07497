import { type CreateSecret, Secret, type UpdateSecret } from '@saas-codex/contracts/secrets';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { secretsQuery } from '../../../entities/environment/api/list-secrets.js';
import { path, request } from '../../../shared/api/request.js';

function useSecretsChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: secretsQuery.queryKey });
}

export const useCreateSecret = () =>
  useMutation({
    mutationFn: (body: CreateSecret) => request('/api/secrets', { method: 'POST', schema: Secret, body }),
    onSuccess: useSecretsChanged(),
    // The value does not stay in the page's memory.
    gcTime: 0,
  });

export const useUpdateSecret = (id: string) =>
  useMutation({
    mutationFn: (body: UpdateSecret) =>
      request(path`/api/secrets/${id}`, { method: 'PATCH', schema: Secret, body }),
    onSuccess: useSecretsChanged(),
    gcTime: 0,
  });

export const useDeleteSecret = () =>
  useMutation({
    mutationFn: (id: string): Promise<void> => request(path`/api/secrets/${id}`, { method: 'DELETE' }),
    onSettled: useSecretsChanged(),
  });
