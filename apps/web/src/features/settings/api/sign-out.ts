import { request } from '../../../shared/api/request.js';

/** Ends the sign-in of this browser. */
export const signOut = (): Promise<void> => request('/api/auth/sign-out', { method: 'POST' });
