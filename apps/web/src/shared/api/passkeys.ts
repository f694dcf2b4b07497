import type { CreatePasskey, PasskeyOptions, PasskeySignIn } from '@saas-codex/contracts/passkeys';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { ApiError } from './api-error.js';

/** Whether this browser knows passkeys. It does not at an http:// address, or an address without a name. */
export const knowsPasskeys = (): boolean => 'PublicKeyCredential' in window;

/** Asks the person for a passkey of this address. @throws ApiError passkey_refused: they cancelled, or have none */
export const askForPasskey = (options: PasskeyOptions): Promise<PasskeySignIn> =>
  explained(async () => {
    const { startAuthentication } = await import('@simplewebauthn/browser');
    const optionsJSON = options as unknown as PublicKeyCredentialRequestOptionsJSON;
    return (await startAuthentication({ optionsJSON })) as unknown as PasskeySignIn;
  });

/** Has the person make a passkey. @throws ApiError passkey_refused: they cancelled, or have it already */
export const makePasskey = (options: PasskeyOptions): Promise<CreatePasskey['credential']> =>
  explained(async () => {
    const { startRegistration } = await import('@simplewebauthn/browser');
    const optionsJSON = options as unknown as PublicKeyCredentialCreationOptionsJSON;
    return (await startRegistration({ optionsJSON })) as unknown as CreatePasskey['credential'];
  });

/** Browsers do not say more than that it did not work, so that sites cannot find out who has what. */
async function explained<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const known = error instanceof Error && error.name === 'InvalidStateError';
    throw new ApiError(
      'passkey_refused',
      known ? 'This device has a passkey already' : 'No passkey was used',
      known
        ? 'Use it, or take another device.'
        : 'It was cancelled, or this device has none for this address. Try again.',
      0,
    );
  }
}
