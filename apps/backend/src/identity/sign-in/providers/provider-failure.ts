import type { ProviderFailureCode } from '@saas-codex/contracts/sign-in';

/** Somebody cannot sign in at a provider. The sign-in page says why, by the code. */
export class ProviderFailure extends Error {
  constructor(readonly code: ProviderFailureCode) {
    super(code);
  }
}
