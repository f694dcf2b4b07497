import type { Passkey, PasskeyOptions, PasskeyPage } from '@saas-codex/contracts/passkeys';
import type { RecoveryCodes, SecondFactorSetup } from '@saas-codex/contracts/second-factor';

const PASSKEY: Passkey = {
  passkey_id: '0b6f0a53-7c3e-4f5b-9a55-2d1f6f6f8c11',
  name: 'Phone',
  created_at: '2026-11-20T08:15:00.000Z',
  last_used_at: '2026-11-24T09:30:00.000Z',
};
const CHALLENGE = 'iJ0Qbq0fTq6mC0nV9sSx3bq1Zk5pYw7uR2eLd8hGc4A';
const PASSKEY_REQUEST: PasskeyOptions = {
  challenge: CHALLENGE,
  rpId: 'codex.example.com',
  userVerification: 'required',
};
const PASSKEY_CREATION: PasskeyOptions = {
  challenge: CHALLENGE,
  rp: { id: 'codex.example.com', name: 'saas-codex' },
  user: { id: 'WmsxdlRxOG1YYzNyV2I2eQ', name: 'ada@example.com', displayName: 'Ada' },
  pubKeyCredParams: [{ alg: -7, type: 'public-key' }],
};
const PASSKEYS: PasskeyPage = { items: [PASSKEY], next_cursor: null };
const SETUP: SecondFactorSetup = {
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/saas-codex:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=saas-codex&digits=6&period=30',
};
const CODES: RecoveryCodes = { recovery_codes: ['ABCD-EFGH-IJKL-MNOP', 'QRST-UVWX-YZ23-4567'] };

/** Answers of passkeys and authenticator apps, by operation. */
export const SIGN_IN_EXAMPLES = {
  startPasskeySignIn: { options: PASSKEY_REQUEST },
  startPasskey: { options: PASSKEY_CREATION },
  listPasskeys: { lastPage: PASSKEYS },
  createPasskey: { added: { ...PASSKEY, last_used_at: null } },
  updatePasskey: { renamed: PASSKEY },
  startSecondFactor: { secret: SETUP },
  confirmSecondFactor: { confirmed: CODES },
};
