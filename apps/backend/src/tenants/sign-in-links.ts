import type { Auth, LinkRequest } from './auth.js';

/** Makes a one-time sign-in token for somebody with an account. It is stored hashed and lives for 30 minutes. */
export async function createSignInToken(auth: Auth, email: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request: LinkRequest = { deliver: resolve };
    auth.api
      .signInMagicLink({ body: { email, metadata: { ...request } }, headers: new Headers() })
      .catch(reject);
  });
}
