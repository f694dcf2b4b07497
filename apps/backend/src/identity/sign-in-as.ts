import type { BetterAuthPlugin } from 'better-auth';
import { createAuthEndpoint } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import { z } from 'zod';

/**
 * A plugin of our own for better-auth: signs a person in whom our code has just identified by other means than a
 * credential, and chooses a tenant. Like all of better-auth's routes it is not mounted: `auth.api.signInAs` is the only way.
 */
export const signInAs = {
  id: 'sign-in-as',
  endpoints: {
    signInAs: createAuthEndpoint(
      '/sign-in-as',
      { method: 'POST', body: z.object({ userId: z.string(), tenantId: z.string() }) },
      async (ctx) => {
        const { internalAdapter } = ctx.context;
        const { userId, tenantId } = ctx.body;
        const user = await internalAdapter.findUserById(userId);
        if (!user) throw new Error('The person who signs in has no account.');
        const session = await internalAdapter.createSession(userId, false, {
          activeOrganizationId: tenantId,
        });
        await setSessionCookie(ctx, { session, user });
        return ctx.json(null);
      },
    ),
  },
} satisfies BetterAuthPlugin;
