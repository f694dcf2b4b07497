import { ConfigError } from '@saas-codex/service-kit/config';
import type { Auth, LinkRequest } from './better-auth.js';

/** How the owner, whom the first start creates, is found again. The address gets no mail. */
export const OWNER_EMAIL = 'owner@saas-codex.localhost';

/** Postgres: no migration has run here yet. */
const UNDEFINED_TABLE = '42P01';

/**
 * Creates a one-time sign-in token for a person with an account. It is stored as a hash and expires after 30 minutes.
 * @throws ConfigError when no account has this address
 */
export async function createSignInToken(auth: Auth, email: string): Promise<string> {
  if (!(await hasAccount(auth, email))) {
    throw new ConfigError(`There is no account ${email} yet: start the backend first.`);
  }
  return new Promise((resolve, reject) => {
    const request: LinkRequest = { deliver: resolve };
    auth.api
      .signInMagicLink({ body: { email, metadata: { ...request } }, headers: new Headers() })
      .catch(reject);
  });
}

async function hasAccount(auth: Auth, email: string): Promise<boolean> {
  try {
    const { internalAdapter } = await auth.$context;
    return (await internalAdapter.findUserByEmail(email)) !== null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) return false;
    throw error;
  }
}
