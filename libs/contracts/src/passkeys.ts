import { z } from 'zod';
import { pageOf } from './pagination.js';
import { GivenPassword } from './password.js';
import { writtenText } from './text.js';

/*
 * Passkeys (WebAuthn). What browsers make and read is passed on as the standard writes it, so in camelCase:
 * https://www.w3.org/TR/webauthn-3/
 */

const base64Url = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .regex(/^[\w-]*$/);
const credential = {
  id: base64Url(1_400),
  rawId: base64Url(1_400),
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional(),
  clientExtensionResults: z.record(z.string().max(100), z.unknown()),
};

/** Of an open-ended standard: a browser knows what to do with it. */
export const PasskeyOptions = z
  .looseObject({ challenge: z.string().describe('Works once, for 5 minutes') })
  .meta({ id: 'PasskeyOptions' });
export type PasskeyOptions = z.infer<typeof PasskeyOptions>;

/** Body of `POST /api/auth/sign-in/passkey`. */
export const PasskeySignIn = z
  .strictObject({
    ...credential,
    response: z.strictObject({
      clientDataJSON: base64Url(8_000),
      authenticatorData: base64Url(8_000),
      signature: base64Url(8_000),
      userHandle: base64Url(200).optional(),
    }),
  })
  .describe('An AuthenticationResponseJSON of the browser')
  .meta({ id: 'PasskeySignIn' });
export type PasskeySignIn = z.infer<typeof PasskeySignIn>;

/** Body of `PUT /api/me/passkeys/options`. */
export const StartPasskey = z
  .strictObject({
    current_password: GivenPassword.optional().describe(
      'Required if you have a password. Without one, your sign-in must be less than a day old',
    ),
  })
  .meta({ id: 'StartPasskey' });
export type StartPasskey = z.infer<typeof StartPasskey>;

const PasskeyName = writtenText(100);

/** Body of `POST /api/me/passkeys`. */
export const CreatePasskey = z
  .strictObject({
    name: PasskeyName,
    credential: z
      .strictObject({
        ...credential,
        response: z.strictObject({
          clientDataJSON: base64Url(8_000),
          attestationObject: base64Url(30_000),
          authenticatorData: base64Url(30_000).optional(),
          transports: z.array(z.string().max(30)).max(10).optional(),
          publicKeyAlgorithm: z.int().optional(),
          publicKey: base64Url(8_000).optional(),
        }),
      })
      .describe('A RegistrationResponseJSON of the browser'),
  })
  .meta({ id: 'CreatePasskey' });
export type CreatePasskey = z.infer<typeof CreatePasskey>;

/** Body of `PATCH /api/me/passkeys/{passkey_id}`. */
export const UpdatePasskey = z.strictObject({ name: PasskeyName }).meta({ id: 'UpdatePasskey' });
export type UpdatePasskey = z.infer<typeof UpdatePasskey>;

/** What a person signs in with instead of a password: a key in their device or password manager. */
export const Passkey = z
  .object({
    passkey_id: z.string(),
    name: z.string(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Passkey' });
export type Passkey = z.infer<typeof Passkey>;

/** Answer of `GET /api/me/passkeys`, newest first. */
export const PasskeyPage = pageOf(Passkey, 'PasskeyPage');
export type PasskeyPage = z.infer<typeof PasskeyPage>;
