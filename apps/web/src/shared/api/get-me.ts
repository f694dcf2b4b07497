import { Me } from '@saas-codex/contracts/identity';
import { queryOptions } from '@tanstack/react-query';
import { drafts } from '../lib/drafts.js';
import { request } from './request.js';
import { shareLinkOfPage } from './shared-page.js';

export const meQuery = queryOptions({
  queryKey: ['me'] as const,
  queryFn: async ({ signal }) => {
    const me = await request('/api/me', { schema: Me, signal });
    drafts.belongTo(me.user.user_id);
    return me;
  },
  staleTime: 300_000,
  // The reader of a link is nobody, whoever else is signed in at this browser.
  enabled: () => shareLinkOfPage() === undefined,
});
