import { OpenedShareLink } from '@saas-codex/contracts/sharing';
import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { request } from '../../../shared/api/request.js';

/** The cookie of a link is valid for an hour. */
const RENEW_MS = 30 * 60_000;
/** A cookie that is refused so soon after it was renewed is not kept by the browser: to renew it once more helps nothing. */
const REOPEN_AFTER_MS = 10_000;
let reopenedAt = 0;

const KEY = ['shared'] as const;

/** Exchanges the link's secret, from the fragment of the address, for the cookie that shows the session. */
export const openedShareLinkQuery = queryOptions({
  queryKey: KEY,
  queryFn: ({ signal }) => {
    const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
    return request('/api/share-links/open', {
      method: 'POST',
      schema: OpenedShareLink,
      body: { token },
      signal,
    });
  },
  staleTime: Infinity,
  refetchInterval: RENEW_MS,
});

/** For when the cookie is refused: it has expired, or the link works no longer, which the page then says. */
export async function reopenLink(client: QueryClient): Promise<void> {
  if (Date.now() - reopenedAt < REOPEN_AFTER_MS) return;
  reopenedAt = Date.now();
  await client.refetchQueries({ queryKey: KEY });
  if (client.getQueryState(KEY)?.status === 'success')
    await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
}
