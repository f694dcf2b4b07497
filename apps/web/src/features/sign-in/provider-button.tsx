import { OIDC_START_PATH, type OidcFailureCode } from '@saas-codex/contracts/sign-in';
import { useQuery } from '@tanstack/react-query';
import { Button } from '../../shared/ui/button.js';
import { signInOptionsQuery } from './api/sign-in.js';

const FAILURES: Record<OidcFailureCode, string> = {
  oidc_missing: 'Here you sign in with a password or a link. Ask your operator if you expected more.',
  oidc_unavailable: 'Its server cannot be used at the moment. Try again, or sign in with a password.',
  oidc_expired: 'It took more than 10 minutes, or it began in another tab or browser. Try again.',
  oidc_refused: 'It was cancelled, or the answer could not be trusted. Try again.',
  oidc_email_unproved:
    'Your company account has no address that is confirmed. Ask who manages it to confirm it.',
  oidc_not_allowed: 'Your company account may not sign in here. Ask your operator.',
  oidc_account_exists:
    'There is an account with your address already, which was not made with your company account. Sign in with its password. If you have none, ask an admin of your organisation for a link.',
  organisation_missing: 'You belong to no organisation here. Ask somebody of yours for an invitation.',
};

/** Why the provider's way led back to this page; null: it did not. */
export function providerFailure(): string | null {
  const code = new URLSearchParams(window.location.search).get('error');
  if (code === null) return null;
  return Object.hasOwn(FAILURES, code) ? FAILURES[code as OidcFailureCode] : 'Try again.';
}

/** Leaves the app for the provider of OpenID Connect, if this installation has one. */
export function ProviderButton() {
  const { data: options } = useQuery(signInOptionsQuery);
  if (!options?.oidc) return null;
  return (
    <Button asChild size="lg" className="mt-6 w-full">
      <a href={OIDC_START_PATH}>
        <span className="truncate">Continue with {options.oidc.name}</span>
      </a>
    </Button>
  );
}
