import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './api-error.js';
import { meQuery } from './get-me.js';

const retry = (failures: number, error: Error): boolean =>
  failures < 2 && error instanceof ApiError && error.transient;

/**
 * Holds all server state of the page. `onSignedOut` is called when a request is refused for want of a sign-in.
 */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (error: Error) => {
    if (!(error instanceof ApiError)) return;
    if (error.code === 'unauthenticated') onSignedOut();
    // The person's role has changed: the page shows what the new one may do.
    if (error.code === 'forbidden') void client.invalidateQueries({ queryKey: meQuery.queryKey });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      // The activity stream keeps queries fresh, and after a gap it refetches what it may have missed.
      queries: { retry, staleTime: 60_000, refetchOnWindowFocus: false, networkMode: 'always' },
      mutations: { networkMode: 'always' },
    },
  });
  return client;
}
