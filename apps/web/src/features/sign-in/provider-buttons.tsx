import { type ProviderFailureCode, type ProviderId, providerStartPath } from '@saas-codex/contracts/sign-in';
import { useQuery } from '@tanstack/react-query';
import { Building2, GitBranch, type LucideIcon } from 'lucide-react';
import { Button } from '../../shared/ui/button.js';
import { signInOptionsQuery } from './api/sign-in.js';

const FAILURES: Record<ProviderFailureCode, string> = {
  provider_missing: 'Here you sign in with a password or a link. Ask your operator if you expected more.',
  provider_unavailable: 'Its server cannot be used at the moment. Try again, or sign in with a password.',
  provider_expired: 'It took more than 10 minutes, or it began in another tab or browser. Try again.',
  provider_refused: 'It was cancelled, or the answer could not be trusted. Try again.',
  provider_email_unproved:
    'Your account there has no address that is confirmed. Confirm it, or ask who manages the account to do so.',
  provider_not_allowed: 'Your account there may not sign in here. Ask your operator.',
  provider_account_exists:
    'There is an account with your address already, which does not belong to your account there. Sign in with its password. If you have none, ask an admin of your organisation for a link.',
  organisation_missing: 'You belong to no organisation here. Ask somebody of yours for an invitation.',
};

const ICONS: Record<ProviderId, LucideIcon> = { oidc: Building2, github: GitBranch };

/** Why the provider's way led back to this page; null: it did not. */
export function providerFailure(): string | null {
  const code = new URLSearchParams(window.location.search).get('error');
  if (code === null) return null;
  return Object.hasOwn(FAILURES, code) ? FAILURES[code as ProviderFailureCode] : 'Try again.';
}

/** They leave the app for the providers that this installation has. */
export function ProviderButtons() {
  const { data: options } = useQuery(signInOptionsQuery);
  return (
    <>
      <ProviderButton id="oidc" name={options?.oidc?.name} className="mt-6" />
      <ProviderButton id="github" name={options?.github?.name} className={options?.oidc ? 'mt-3' : 'mt-6'} />
    </>
  );
}

function ProviderButton({ id, name, className }: { id: ProviderId; name?: string; className: string }) {
  if (name === undefined) return null;
  const Icon = ICONS[id];
  return (
    <Button asChild size="lg" className={`${className} w-full`}>
      <a href={providerStartPath(id)}>
        <Icon aria-hidden className="size-4 shrink-0" />
        <span className="truncate">Continue with {name}</span>
      </a>
    </Button>
  );
}
