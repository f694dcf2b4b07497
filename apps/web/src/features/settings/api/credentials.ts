import { type ChangePassword, Credentials } from '@saas-codex/contracts/sign-in';
import { queryOptions } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';

/** With what this person signs in. */
export const credentialsQuery = queryOptions({
  queryKey: ['credentials'] as const,
  queryFn: ({ signal }) => request('/api/me/credentials', { schema: Credentials, signal }),
});

export const changePassword = (body: ChangePassword): Promise<void> =>
  request('/api/me/password', { method: 'PUT', body });
