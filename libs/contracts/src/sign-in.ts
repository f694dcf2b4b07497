import { z } from 'zod';
import { openEnum } from './open-reading.js';
import { pageOf } from './pagination.js';
import { GivenPassword, NewPassword } from './password.js';
import { SecondFactorCode } from './second-factor.js';
import { writtenText } from './text.js';

/** An address as people type it; accounts keep it in lower case. */
export const EmailAddress = z.string().trim().toLowerCase().max(254).pipe(z.email());
/** A key that somebody has made with a stolen cookie outlives the sign-ins. */
const RevokeApiKeys = z
  .boolean()
  .optional()
  .describe('Also revoke all of your API keys, in every organisation. Those of service accounts stay');
/** The secret of a one-time link. */
const LinkToken = z.string().min(1).max(200);

/** Answer of `GET /api/auth/options`: how people can sign in to this installation. */
export const SignInOptions = z
  .object({
    sign_up: openEnum(['open', 'closed']).describe('Whether strangers can create an account'),
    mail: z
      .boolean()
      .describe('Whether this installation sends mail, so that people can reset a password themselves'),
    oidc: z
      .object({ name: z.string().describe('What the provider is called') })
      .optional()
      .describe('Sign-in by OpenID Connect, which `GET /api/auth/oidc/start` begins. Missing: there is none'),
    github: z
      .object({ name: z.string().describe('What the provider is called') })
      .optional()
      .describe('Sign-in with GitHub, which `GET /api/auth/github/start` begins. Missing: there is none'),
    signed_in_as: z
      .string()
      .nullable()
      .optional()
      .describe(
        'E-mail address of the person who is signed in at this browser, also when they belong to no organisation any more and all else is refused',
      ),
  })
  .meta({ id: 'SignInOptions' });
export type SignInOptions = z.infer<typeof SignInOptions>;

/** Body of `POST /api/auth/sign-in/password`. */
export const PasswordSignIn = z
  .strictObject({
    email: EmailAddress,
    password: GivenPassword,
    code: SecondFactorCode.optional().describe(
      'Of your authenticator app, or a recovery code. Required if you have set up a second factor',
    ),
  })
  .meta({ id: 'PasswordSignIn' });
export type PasswordSignIn = z.infer<typeof PasswordSignIn>;

/** Body of `POST /api/auth/sign-up` and of `POST /api/auth/password-reset`: where to send the link. */
export const MailedLink = z.strictObject({ email: EmailAddress }).meta({ id: 'MailedLink' });
export type MailedLink = z.infer<typeof MailedLink>;

/** Body of `POST /api/auth/sign-up/complete`. The link's token proves the address. */
export const CompleteSignUp = z
  .strictObject({ token: LinkToken, name: writtenText(100), password: NewPassword })
  .meta({ id: 'CompleteSignUp' });
export type CompleteSignUp = z.infer<typeof CompleteSignUp>;

/** Body of `POST /api/auth/password-reset/complete`. */
export const CompletePasswordReset = z
  .strictObject({ token: LinkToken, password: NewPassword, revoke_api_keys: RevokeApiKeys })
  .meta({ id: 'CompletePasswordReset' });
export type CompletePasswordReset = z.infer<typeof CompletePasswordReset>;

/** Answer of `PUT /api/members/{user_id}/password-reset`. */
export const PasswordResetLink = z
  .object({
    url: z
      .string()
      .nullable()
      .describe(
        'Works once. Give it to the person in private; it is not shown again. Null: it was mailed to the person',
      ),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'PasswordResetLink' });
export type PasswordResetLink = z.infer<typeof PasswordResetLink>;

/** Answer of `GET /api/me/credentials`: with what you sign in. */
export const Credentials = z
  .object({
    password: z.boolean().describe('Whether you have a password'),
    email_change: z.boolean().describe('Whether you can change your address here, which takes mail'),
    second_factor: z
      .object({
        enabled: z.boolean().describe('Whether signing in with your password also takes a code'),
        recovery_codes: z.int().describe('Recovery codes that you have left'),
      })
      .optional(),
  })
  .meta({ id: 'Credentials' });
export type Credentials = z.infer<typeof Credentials>;

/** Body of `PUT /api/me/password`. */
export const ChangePassword = z
  .strictObject({
    current_password: GivenPassword.optional().describe(
      'Required if you have a password. Without one, your sign-in must be less than a day old',
    ),
    password: NewPassword,
    revoke_api_keys: RevokeApiKeys,
  })
  .meta({ id: 'ChangePassword' });
export type ChangePassword = z.infer<typeof ChangePassword>;

/** Body of `PATCH /api/me`. */
export const UpdateMe = z.strictObject({ name: writtenText(100) }).meta({ id: 'UpdateMe' });
export type UpdateMe = z.infer<typeof UpdateMe>;

/** Body of `PUT /api/me/email`. */
export const ChangeEmail = z
  .strictObject({
    email: EmailAddress,
    current_password: GivenPassword.optional().describe(
      'Required if you have a password. Without one, your sign-in must be less than a day old',
    ),
  })
  .meta({ id: 'ChangeEmail' });
export type ChangeEmail = z.infer<typeof ChangeEmail>;

/** Body of `PUT /api/me/email/confirmation`. */
export const ConfirmEmail = z.strictObject({ token: LinkToken }).meta({ id: 'ConfirmEmail' });
export type ConfirmEmail = z.infer<typeof ConfirmEmail>;

/** Query of `DELETE /api/me/sign-ins`. */
export const RevokeOtherSignInsQuery = z.object({
  api_keys: z.stringbool().default(false).meta({
    type: 'boolean',
    description: 'Also revoke all of your API keys, in every organisation. Those of service accounts stay',
  }),
});
export type RevokeOtherSignInsQuery = z.infer<typeof RevokeOtherSignInsQuery>;

export const SignInId = z.string().max(100);

/** One browser in which a person is signed in. */
export const SignInEntry = z
  .object({
    sign_in_id: z.string(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().describe('To the minute'),
    address: z.string().nullable().describe('Of the client when it signed in; of IPv6, its /64 network'),
    user_agent: z.string().nullable().describe('What the browser called itself'),
    current: z.boolean().describe('Whether it is the sign-in of this request'),
  })
  .meta({ id: 'SignInEntry' });
export type SignInEntry = z.infer<typeof SignInEntry>;

/** Answer of `GET /api/me/sign-ins`. */
export const SignInPage = pageOf(SignInEntry, 'SignInPage');
export type SignInPage = z.infer<typeof SignInPage>;

/** The pages that mailed links open; `#token=…` keeps the secret out of requests and logs. */
export const RESET_PASSWORD_PATH = '/reset-password';
export const SIGN_UP_PATH = '/sign-up';
export const CONFIRM_EMAIL_PATH = '/confirm-email';

/** Where else people can sign in. */
export const PROVIDER_IDS = ['oidc', 'github'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

/** A browser begins to sign in at a provider here. */
export const providerStartPath = (id: ProviderId) => `/api/auth/${id}/start`;

/** Why signing in at a provider failed: `/sign-in?error=…`. */
export const PROVIDER_FAILURES = [
  'provider_missing',
  'provider_unavailable',
  'provider_expired',
  'provider_refused',
  'provider_email_unproved',
  'provider_not_allowed',
  'provider_account_exists',
  'organisation_missing',
] as const;
export type ProviderFailureCode = (typeof PROVIDER_FAILURES)[number];
