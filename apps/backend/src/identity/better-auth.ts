import { randomBytes, randomUUID } from 'node:crypto';
import { apiKey } from '@better-auth/api-key';
import { betterAuth } from 'better-auth';
import { magicLink } from 'better-auth/plugins/magic-link';
import { organization } from 'better-auth/plugins/organization';
import { PASSWORD_LENGTH } from '@saas-codex/contracts/password';
import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import { passwordHashing } from './password-hashing.js';
import { signInAs } from './sign-in-as.js';

const DAY = 24 * 60 * 60;
const SIGN_IN_LINK_SECONDS = 30 * 60;
/** Carries the address of the client, as this backend judges it, to better-auth. No request has it from outside. */
export const CLIENT_ADDRESS_HEADER = 'x-client-address';

/** The `config_id` of an API key says whose it is: `reference_id` is a person's or a service account's. */
export const KEY_CONFIGS = { person: 'default', service_account: 'service_account' } as const;
const KEYS = {
  defaultPrefix: 'cdx_',
  enableMetadata: true,
  maximumNameLength: 100,
  rateLimit: { enabled: false },
};

/** What our own code passes along when it asks for a link. better-auth hands it on untouched. */
export interface LinkRequest {
  deliver: (token: string) => void;
}

/** Browsers keep cookies per host and ignore the port, so two copies on one host need different cookie names. */
export const cookiePrefix = (publicUrl: string): string =>
  ['saas-codex', new URL(publicUrl).port].filter(Boolean).join('-');

/**
 * better-auth keeps people, tenants, cookies and API keys in our Postgres. Its own HTTP routes are not mounted:
 * everything goes through `auth.api` in this folder. Our migrations create its tables, under our names:
 *
 *     better-auth    organization  member   user   session        apikey    verification
 *     table          tenants       members  users  user_sessions  api_keys  verifications
 */
export const createAuth = (options: { pool: Pool; secret: string; publicUrl: string }) =>
  betterAuth({
    appName: 'saas-codex',
    baseURL: options.publicUrl,
    secret: options.secret,
    database: {
      type: 'postgres',
      db: new Kysely({
        dialect: new PostgresDialect({ pool: options.pool }),
        plugins: [new CamelCasePlugin()],
      }),
    },
    telemetry: { enabled: false },
    logger: { disabled: true },
    advanced: {
      cookiePrefix: cookiePrefix(options.publicUrl),
      useSecureCookies: options.publicUrl.startsWith('https:'),
      database: { generateId: () => randomUUID() },
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
    },
    user: { modelName: 'users' },
    session: {
      modelName: 'user_sessions',
      expiresIn: 30 * DAY,
      updateAge: DAY,
      additionalFields: { lastUsedAt: { type: 'date', required: false, input: false } },
    },
    account: { modelName: 'user_accounts' },
    verification: {
      modelName: 'verifications',
      // The magic-link plugin hashes its tokens itself.
      storeIdentifier: {
        default: 'plain',
        overrides: {
          'reset-password:': 'hashed',
          'sign-up:': 'hashed',
          'github-app:': 'hashed',
          'change-email:': 'hashed',
          'oidc:': 'hashed',
          'github:': 'hashed',
          'passkey-sign-in:': 'hashed',
          'passkey-creation:': 'hashed',
        },
      },
    },
    emailAndPassword: {
      enabled: true,
      // Accounts are made in sign-in/sign-up.ts, once a link has proved the address.
      disableSignUp: true,
      password: passwordHashing,
      minPasswordLength: PASSWORD_LENGTH.min,
      maxPasswordLength: PASSWORD_LENGTH.max,
      revokeSessionsOnPasswordReset: true,
      // Other reset links of this person no longer work; their `value` is the person's id.
      onPasswordReset: async ({ user }) => {
        await options.pool.query('DELETE FROM verifications WHERE value = $1', [user.id]);
      },
    },
    plugins: [
      organization({
        schema: {
          organization: { modelName: 'tenants' },
          member: { modelName: 'members', fields: { organizationId: 'tenantId' } },
          invitation: { modelName: 'invitations', fields: { organizationId: 'tenantId' } },
          session: { fields: { activeOrganizationId: 'activeTenantId' } },
        },
      }),
      apiKey(
        [
          { configId: KEY_CONFIGS.person, ...KEYS },
          { configId: KEY_CONFIGS.service_account, ...KEYS },
        ],
        { schema: { apikey: { modelName: 'api_keys' } } },
      ),
      magicLink({
        expiresIn: SIGN_IN_LINK_SECONDS,
        storeToken: 'hashed',
        disableSignUp: true,
        generateToken: () => randomBytes(32).toString('base64url'),
        sendMagicLink: ({ token, metadata }) => (metadata as unknown as LinkRequest).deliver(token),
      }),
      signInAs,
    ],
  });

export type Auth = ReturnType<typeof createAuth>;

/** Injection token of the backend's one `Auth`. */
export const AUTH = Symbol('auth');
