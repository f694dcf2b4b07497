import { ConfigError } from '@saas-codex/service-kit/config';
import type { Config } from '../../../config.js';

/** The settings of a provider, which make sense only together. */
export interface OidcSettings {
  issuer: URL;
  clientId: string;
  clientSecret: string;
  name: string;
}

/**
 * @returns null: nobody signs in by OpenID Connect
 * @throws ConfigError: a setting is missing without which it would not be safe, or would not work
 */
export function oidcSettings(config: Config): OidcSettings | null {
  const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_NAME } = config;
  if (OIDC_ISSUER === undefined) return null;
  if (OIDC_CLIENT_ID === undefined || OIDC_CLIENT_SECRET === undefined) {
    throw new ConfigError('OIDC_ISSUER is set, so OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must be set, too.');
  }
  if (config.OIDC_ALLOWED_DOMAINS.length === 0 && config.OIDC_ALLOWED_GROUPS.length === 0) {
    throw new ConfigError(
      'OIDC_ISSUER is set, so OIDC_ALLOWED_DOMAINS or OIDC_ALLOWED_GROUPS must say who may sign in.',
    );
  }
  const issuer = new URL(OIDC_ISSUER);
  return {
    issuer,
    clientId: OIDC_CLIENT_ID,
    clientSecret: OIDC_CLIENT_SECRET,
    name: OIDC_NAME ?? issuer.hostname,
  };
}
