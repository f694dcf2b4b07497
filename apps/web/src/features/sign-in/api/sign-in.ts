import { PasskeyOptions } from '@saas-codex/contracts/passkeys';
import { SignInOptions } from '@saas-codex/contracts/sign-in';
import type { CompletePasswordReset, CompleteSignUp, PasswordSignIn } from '@saas-codex/contracts/sign-in';
import { queryOptions } from '@tanstack/react-query';
import { askForPasskey } from '../../../shared/api/passkeys.js';
import { request } from '../../../shared/api/request.js';

/** How people can sign in to this installation. */
export const signInOptionsQuery = queryOptions({
  queryKey: ['sign-in-options'] as const,
  queryFn: ({ signal }) => request('/api/auth/options', { schema: SignInOptions, signal }),
  staleTime: 300_000,
});

const post = (path: string, body: unknown): Promise<void> =>
  request(`/api/auth/${path}`, { method: 'POST', body });

/** Exchanges the secret of a one-time link for the sign-in cookie. */
export const signInWithLink = (token: string) => post('sign-in', { token });
export const signInWithPassword = (body: PasswordSignIn) => post('sign-in/password', body);
export async function signInWithPasskey(): Promise<void> {
  const options = await request('/api/auth/sign-in/passkey/options', {
    method: 'POST',
    schema: PasskeyOptions,
  });
  await post('sign-in/passkey', await askForPasskey(options));
}
export const askForSignUp = (email: string) => post('sign-up', { email });
export const completeSignUp = (body: CompleteSignUp) => post('sign-up/complete', body);
export const askForPasswordReset = (email: string) => post('password-reset', { email });
export const completePasswordReset = (body: CompletePasswordReset) => post('password-reset/complete', body);
export const confirmEmail = (token: string): Promise<void> =>
  request('/api/me/email/confirmation', { method: 'PUT', body: { token } });
