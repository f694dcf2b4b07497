import { ConfigError } from '@saas-codex/service-kit/config';
import type { Role } from '@saas-codex/contracts/permissions';
import { groupRole } from '@saas-codex/contracts/setting-types';
import type { Config } from '../../../config.js';

/** Whom one provider may bring in, and as what. Never shared: anybody may found a group with such a name at another one. */
export interface ProviderRules {
  allowedDomains: readonly string[];
  allowedGroups: readonly string[];
  /** The first pair that fits counts. */
  roleMap: readonly { group: string; role: Role }[];
  /** Id of the organisation that new people join, and whose roles the map sets; undefined: none. */
  tenant: string | undefined;
}

/** The settings of a provider, which make sense only together. */
export interface ProviderSettings {
  /** OpenID Connect: the issuer; GitHub: its address for people. */
  url: URL;
  clientId: string;
  clientSecret: string;
  name: string;
  rules: ProviderRules;
}

/**
 * @returns null: nobody signs in by OpenID Connect
 * @throws ConfigError: a setting is missing without which it would not be safe, or would not work
 */
export function oidcSettings(config: Config): ProviderSettings | null {
  const { OIDC_ISSUER, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = config;
  if (OIDC_ISSUER === undefined) return null;
  if (clientId === undefined || clientSecret === undefined) {
    throw new ConfigError('OIDC_ISSUER is set, so OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must be set, too.');
  }
  const rules = {
    allowedDomains: config.OIDC_ALLOWED_DOMAINS,
    allowedGroups: config.OIDC_ALLOWED_GROUPS,
    roleMap: config.OIDC_ROLE_MAP.map(groupRole),
    tenant: config.OIDC_TENANT,
  };
  requireAllowList(rules, 'OIDC_ISSUER', 'OIDC');
  const url = new URL(OIDC_ISSUER);
  return { url, clientId, clientSecret, name: config.OIDC_NAME ?? url.hostname, rules };
}

/**
 * @returns null: nobody signs in with GitHub
 * @throws ConfigError as `oidcSettings`
 */
export function githubSettings(config: Config): ProviderSettings | null {
  const { GITHUB_SIGN_IN_CLIENT_ID: clientId, GITHUB_SIGN_IN_CLIENT_SECRET: clientSecret } = config;
  if (clientId === undefined) return null;
  if (clientSecret === undefined) {
    throw new ConfigError(
      'GITHUB_SIGN_IN_CLIENT_ID is set, so GITHUB_SIGN_IN_CLIENT_SECRET must be set, too.',
    );
  }
  const rules = {
    allowedDomains: config.GITHUB_SIGN_IN_ALLOWED_DOMAINS,
    allowedGroups: config.GITHUB_SIGN_IN_ALLOWED_GROUPS.map(githubGroup),
    roleMap: config.GITHUB_SIGN_IN_ROLE_MAP.map(groupRole).map(({ group, role }) => ({
      group: githubGroup(group),
      role,
    })),
    tenant: config.GITHUB_SIGN_IN_TENANT,
  };
  requireAllowList(rules, 'GITHUB_SIGN_IN_CLIENT_ID', 'GITHUB_SIGN_IN');
  return { url: new URL(config.GITHUB_SIGN_IN_URL), clientId, clientSecret, name: 'GitHub', rules };
}

/** `organisation`, or `organisation/team`. GitHub does not tell upper from lower case in names. */
export const githubGroup = (name: string): string => name.toLowerCase();

function requireAllowList(rules: ProviderRules, because: string, prefix: string): void {
  if (rules.allowedDomains.length > 0 || rules.allowedGroups.length > 0) return;
  throw new ConfigError(
    `${because} is set, so ${prefix}_ALLOWED_DOMAINS or ${prefix}_ALLOWED_GROUPS must say who may sign in.`,
  );
}
