import type { OidcFailureCode } from '@saas-codex/contracts/sign-in';

/** Somebody cannot sign in by OpenID Connect. The sign-in page says why, by the code. */
export class OidcFailure extends Error {
  constructor(readonly code: OidcFailureCode) {
    super(code);
  }
}
