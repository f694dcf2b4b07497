import { Models } from '@saas-codex/contracts/models';
import { queryOptions } from '@tanstack/react-query';
import { request } from './request.js';

export const modelsQuery = queryOptions({
  queryKey: ['models'] as const,
  queryFn: ({ signal }) => request('/api/models', { schema: Models, signal }),
});
