import type { Role } from '@saas-codex/contracts/permissions';
import { EmailAddress } from '@saas-codex/contracts/sign-in';
import { writtenText } from '@saas-codex/contracts/text';
import { ProviderFailure } from './provider-failure.js';
import type { ProviderRules } from './provider-settings.js';

/** Somebody whom a provider has identified. */
export interface ProviderSubject {
  issuer: string;
  /** What the provider never gives to anybody else. */
  subject: string;
}

/** What a provider says of a person, and nobody has checked against the rules. */
export interface ProviderClaims extends ProviderSubject {
  /** Only one that the provider says is the person's. */
  provedEmail: unknown;
  name: unknown;
  groups: readonly string[];
}

/** They may sign in here. */
export interface ProviderPerson extends ProviderSubject {
  email: string;
  name: string;
  /** In the organisation of the rules. */
  role: Role;
}

const Name = writtenText(100);

/** @throws ProviderFailure provider_email_unproved, provider_not_allowed */
export function providerPerson(claims: ProviderClaims, rules: ProviderRules): ProviderPerson {
  const address = EmailAddress.safeParse(claims.provedEmail);
  if (!address.success) throw new ProviderFailure('provider_email_unproved');
  const email = address.data;
  const groups = new Set(claims.groups);
  const { allowedDomains: domains, allowedGroups: allowed, roleMap } = rules;
  const isAllowed =
    (domains.length > 0 || allowed.length > 0) &&
    (domains.length === 0 || domains.includes(email.slice(email.lastIndexOf('@') + 1))) &&
    (allowed.length === 0 || allowed.some((group) => groups.has(group)));
  if (!isAllowed) throw new ProviderFailure('provider_not_allowed');
  return {
    issuer: claims.issuer,
    subject: claims.subject,
    email,
    name: Name.safeParse(claims.name).data ?? email,
    role: roleMap.find(({ group }) => groups.has(group))?.role ?? 'member',
  };
}
