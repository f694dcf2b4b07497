import { request } from '../../../shared/api/request.js';

/** Trades the secret of a one-time link for the sign-in cookie. */
export const signIn = (token: string): Promise<void> =>
  request('/api/auth/sign-in', { method: 'POST', body: { token } });
