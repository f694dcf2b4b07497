import { Passkey, PasskeyOptions, PasskeyPage } from '@saas-codex/contracts/passkeys';
import { infiniteQueryOptions } from '@tanstack/react-query';
import { makePasskey } from '../../../shared/api/passkeys.js';
import { path, request } from '../../../shared/api/request.js';

/** This person's passkeys, newest first. */
export const passkeysQuery = infiniteQueryOptions({
  queryKey: ['passkeys'] as const,
  queryFn: ({ pageParam, signal }) =>
    request('/api/me/passkeys', { schema: PasskeyPage, query: { cursor: pageParam }, signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
});

/** @param password without one, undefined */
export async function addPasskey({ name, password }: { name: string; password: string | undefined }) {
  const options = await request('/api/me/passkeys/options', {
    method: 'PUT',
    schema: PasskeyOptions,
    body: { current_password: password },
  });
  const credential = await makePasskey(options);
  return request('/api/me/passkeys', { method: 'POST', schema: Passkey, body: { name, credential } });
}

export const renamePasskey = ({ id, name }: { id: string; name: string }) =>
  request(path`/api/me/passkeys/${id}`, { method: 'PATCH', schema: Passkey, body: { name } });
export const removePasskey = (id: string): Promise<void> =>
  request(path`/api/me/passkeys/${id}`, { method: 'DELETE' });
