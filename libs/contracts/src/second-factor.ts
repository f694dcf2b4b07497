import { z } from 'zod';
import { GivenPassword } from './password.js';

/** Digits of an authenticator app's code. */
export const CODE_DIGITS = 6;

/** Of an authenticator app, or a recovery code. Spaces, hyphens and lower case do no harm. */
export const SecondFactorCode = z.string().min(CODE_DIGITS).max(40);

const CurrentPassword = GivenPassword.optional().describe(
  'Required if you have a password. Without one, your sign-in must be less than a day old',
);

/** Body of `PUT /api/me/second-factor`. */
export const StartSecondFactor = z
  .strictObject({ current_password: CurrentPassword })
  .meta({ id: 'StartSecondFactor' });
export type StartSecondFactor = z.infer<typeof StartSecondFactor>;

/** Answer of `PUT /api/me/second-factor`: what an authenticator app needs. */
export const SecondFactorSetup = z
  .object({
    secret: z.string().describe('In base32, to type into an authenticator app'),
    uri: z.string().describe('The same as an otpauth:// address, for a QR code'),
  })
  .meta({ id: 'SecondFactorSetup' });
export type SecondFactorSetup = z.infer<typeof SecondFactorSetup>;

/** Body of `PUT /api/me/second-factor/confirmation`. */
export const ConfirmSecondFactor = z
  .strictObject({ code: SecondFactorCode })
  .meta({ id: 'ConfirmSecondFactor' });
export type ConfirmSecondFactor = z.infer<typeof ConfirmSecondFactor>;

/** Answer of `PUT /api/me/second-factor/confirmation`. */
export const RecoveryCodes = z
  .object({
    recovery_codes: z
      .array(z.string())
      .describe('Each takes the place of one code. Keep them safe; they are not shown again'),
  })
  .meta({ id: 'RecoveryCodes' });
export type RecoveryCodes = z.infer<typeof RecoveryCodes>;

/** Body of `PUT /api/me/second-factor/removal`. */
export const RemoveSecondFactor = z
  .strictObject({ current_password: CurrentPassword, code: SecondFactorCode })
  .meta({ id: 'RemoveSecondFactor' });
export type RemoveSecondFactor = z.infer<typeof RemoveSecondFactor>;
