import { Me } from '@saas-codex/contracts/identity';
import { queryOptions } from '@tanstack/react-query';
import { request } from './request.js';
import { shareLinkOfPage } from './shared-page.js';

export const meQuery = queryOptions({
  queryKey: ['me'] as const,
  queryFn: ({ signal }) => request('/api/me', { schema: Me, signal }),
  staleTime: 300_000,
  // The reader of a link is nobody, whoever else is signed in at this browser.
  enabled: () => shareLinkOfPage() === undefined,
});
