import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { PERMISSIONS, ROLES } from './permissions.js';

/** Answer of `GET /api/me`. */
export const Me = z
  .object({
    kind: openEnum(['person', 'service_account'])
      .optional()
      .describe('Who acts. An API key of a person acts as this person'),
    user: z
      .object({ user_id: z.string(), name: z.string(), email: z.string() })
      .describe('Of a service account: its id, its name, and an empty address'),
    tenant: z.object({
      tenant_id: z.string(),
      name: z.string(),
      deletes_at: z.iso
        .datetime()
        .nullable()
        .optional()
        .describe('It was deleted: its data is removed at this time. Until then an owner can restore it'),
    }),
    role: openEnum(ROLES),
    permissions: z.array(openEnum(PERMISSIONS)).optional().describe('What you may do here'),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;

/** Body of `POST /api/auth/sign-in`: the secret of a one-time link, which the link carries in its fragment. */
export const SignIn = z.strictObject({ token: z.string().min(1).max(200) }).meta({ id: 'SignIn' });
export type SignIn = z.infer<typeof SignIn>;

/** The page that a sign-in link opens; `#token=…` keeps the secret out of requests and logs. */
export const SIGN_IN_PATH = '/sign-in';
export const signInLink = (origin: string, token: string): string =>
  `${origin}${SIGN_IN_PATH}#token=${token}`;
