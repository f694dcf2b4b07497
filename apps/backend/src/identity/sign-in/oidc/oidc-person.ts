import type { Role } from '@saas-codex/contracts/permissions';
import { groupRole } from '@saas-codex/contracts/setting-types';
import { EmailAddress } from '@saas-codex/contracts/sign-in';
import { writtenText } from '@saas-codex/contracts/text';
import { z } from 'zod';
import type { Config } from '../../../config.js';
import { OidcFailure } from './oidc-failure.js';
import type { OidcClaims } from './oidc-provider.js';

/** Somebody whom a provider has identified. */
export interface OidcSubject {
  issuer: string;
  subject: string;
}

/** They may sign in here. */
export interface OidcPerson extends OidcSubject {
  email: string;
  name: string;
  /** In OIDC_TENANT. */
  role: Role;
}

const Name = writtenText(100);
const Groups = z.array(z.string());

type Rules = Pick<Config, 'OIDC_ALLOWED_DOMAINS' | 'OIDC_ALLOWED_GROUPS' | 'OIDC_ROLE_MAP'>;

/** @throws OidcFailure oidc_email_unproved, oidc_not_allowed */
export function oidcPerson(claims: OidcClaims, rules: Rules): OidcPerson {
  const address = EmailAddress.safeParse(claims['email']);
  if (!address.success || claims['email_verified'] !== true) throw new OidcFailure('oidc_email_unproved');
  const email = address.data;
  const groups = new Set(Groups.safeParse(claims['groups']).data ?? []);
  const { OIDC_ALLOWED_DOMAINS: domains, OIDC_ALLOWED_GROUPS: allowed, OIDC_ROLE_MAP: roles } = rules;
  const isAllowed =
    (domains.length > 0 || allowed.length > 0) &&
    (domains.length === 0 || domains.includes(email.slice(email.lastIndexOf('@') + 1))) &&
    (allowed.length === 0 || allowed.some((group) => groups.has(group)));
  if (!isAllowed) throw new OidcFailure('oidc_not_allowed');
  return {
    issuer: claims.iss,
    subject: claims.sub,
    email,
    name: Name.safeParse(claims['name']).data ?? email,
    role: roles.map(groupRole).find(({ group }) => groups.has(group))?.role ?? 'member',
  };
}
