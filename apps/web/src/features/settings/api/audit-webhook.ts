import {
  AuditWebhookSetting,
  AuditWebhookTest,
  SavedAuditWebhook,
  type SetAuditWebhook,
} from '@saas-codex/contracts/audit-webhook';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';

const URL = '/api/audit/webhook';

export const auditWebhookQuery = queryOptions({
  queryKey: ['audit-webhook'] as const,
  queryFn: ({ signal }) => request(URL, { schema: AuditWebhookSetting, signal }),
  staleTime: 0,
});

export function useAuditWebhook() {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: auditWebhookQuery.queryKey });
  return {
    set: useMutation({
      mutationFn: (body: SetAuditWebhook) => request(URL, { method: 'PUT', schema: SavedAuditWebhook, body }),
      onSettled,
    }),
    remove: useMutation({ mutationFn: (): Promise<void> => request(URL, { method: 'DELETE' }), onSettled }),
    test: useMutation({
      mutationFn: () => request(`${URL}/test`, { method: 'POST', schema: AuditWebhookTest }),
      onSettled,
    }),
  };
}
