import type { Me } from '@saas-codex/contracts/identity';
import { type Permission, permissionsOf, type Role } from '@saas-codex/contracts/permissions';
import { QueryClient, QueryClientProvider, type QueryKey } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { meQuery } from '../../src/shared/api/get-me.js';

/**
 * The HTML of an element as a person with this role sees it.
 * @param fill puts into the cache what the server has answered
 * @param permissions default: the role's; undefined: a server that does not say them
 */
export function showAs(
  role: Role,
  element: ReactElement,
  fill: (client: QueryClient) => void,
  { permissions }: { permissions?: Permission[] | undefined } = { permissions: permissionsOf(role) },
): string {
  const me: Me = {
    user: { user_id: 'u', name: 'Ada', email: 'ada@example.com' },
    tenant: { tenant_id: 't', name: 'Acme' },
    role,
    permissions,
  };
  // A failed query stays as it is, instead of being read again.
  const client = new QueryClient({ defaultOptions: { queries: { retryOnMount: false } } });
  client.setQueryData(meQuery.queryKey, me);
  fill(client);
  const html = renderToStaticMarkup(<QueryClientProvider client={client}>{element}</QueryClientProvider>);
  client.clear();
  return html;
}

/** @param answer what the server has answered, how the request has failed, or 'none yet' */
export function setAnswer(client: QueryClient, queryKey: QueryKey, answer: unknown): void {
  if (answer instanceof Error)
    client.getQueryCache().build(client, { queryKey }).setState({ status: 'error', error: answer });
  else if (answer !== 'none yet') client.setQueryData(queryKey, answer);
}

/** The only page of a list; what is no list stays as it is. */
export const pageOf = <T,>(answer: T[] | Error | 'none yet') =>
  Array.isArray(answer) ? { pages: [{ items: answer, next_cursor: null }], pageParams: [null] } : answer;
