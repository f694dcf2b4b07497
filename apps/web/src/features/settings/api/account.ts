import type { ChangeEmail, UpdateMe } from '@saas-codex/contracts/sign-in';
import { SignInPage } from '@saas-codex/contracts/sign-in';
import { infiniteQueryOptions } from '@tanstack/react-query';
import { path, request } from '../../../shared/api/request.js';

/** The browsers in which this person is signed in, newest first. */
export const signInsQuery = infiniteQueryOptions({
  queryKey: ['sign-ins'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/me/sign-ins', { schema: SignInPage, query: { cursor: pageParam }, signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
  select: ({ pages }) => pages.flatMap(({ items }) => items),
});

export const revokeSignIn = (id: string): Promise<void> =>
  request(path`/api/me/sign-ins/${id}`, { method: 'DELETE' });
export const revokeOtherSignIns = ({ revokesKeys }: { revokesKeys: boolean }): Promise<void> =>
  request('/api/me/sign-ins', { method: 'DELETE', query: { api_keys: revokesKeys } });
export const updateMe = (body: UpdateMe): Promise<void> => request('/api/me', { method: 'PATCH', body });
export const changeEmail = (body: ChangeEmail): Promise<void> =>
  request('/api/me/email', { method: 'PUT', body });
