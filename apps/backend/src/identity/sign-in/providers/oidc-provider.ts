import { Inject, Injectable } from '@nestjs/common';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
} from 'openid-client';
import { z } from 'zod';
import { CONFIG, type Config } from '../../../config.js';
import { ProviderFailure } from './provider-failure.js';
import { ProviderFetch } from './provider-fetch.js';
import type { ProviderClaims } from './provider-person.js';
import { oidcSettings } from './provider-settings.js';
import {
  httpAllowance,
  PROVIDER_TIMEOUT_S,
  type ProviderTokens,
  reasonOf,
  SignInProvider,
} from './sign-in-provider.js';

const Groups = z.array(z.string());

/** The OpenID provider of the settings. */
@Injectable()
export class OidcProvider extends SignInProvider {
  protected readonly hasIdTokens = true;
  private discovered: Promise<Configuration> | undefined;

  /** @throws ConfigError */
  constructor(
    @Inject(CONFIG) config: Config,
    private readonly outbound: ProviderFetch,
  ) {
    super('oidc', config.PUBLIC_URL, oidcSettings(config));
  }

  /** `groups` is no standard scope: some providers need it, and some refuse it. */
  protected scopesAt(server: Configuration): string[] {
    const known = server.serverMetadata().scopes_supported?.includes('groups') ?? false;
    return ['openid', 'email', 'profile', ...(this.needsGroups && known ? ['groups'] : [])];
  }

  /** Its claims are those of the ID token, and of the UserInfo endpoint where there is one. */
  protected async describePerson(server: Configuration, tokens: ProviderTokens): Promise<ProviderClaims> {
    const ofToken = tokens.claims();
    if (!ofToken) throw new Error('there is no ID token');
    const more = server.serverMetadata().userinfo_endpoint
      ? await fetchUserInfo(server, tokens.access_token, ofToken.sub)
      : {};
    const claims: Record<string, unknown> = { ...more, ...ofToken };
    return {
      issuer: ofToken.iss,
      subject: ofToken.sub,
      provedEmail: claims['email_verified'] === true ? claims['email'] : undefined,
      name: claims['name'],
      groups: Groups.safeParse(claims['groups']).data ?? [],
    };
  }

  /** Asks the provider once, and again after a failure: the backend starts without it. */
  protected async server(): Promise<Configuration> {
    const { url, clientId, clientSecret } = this.requireSettings();
    this.discovered ??= discovery(url, clientId, undefined, clientAuthOf(clientSecret), {
      [customFetch]: this.outbound.fetch,
      timeout: PROVIDER_TIMEOUT_S,
      execute: [enableNonRepudiationChecks, ...httpAllowance(url)],
    });
    try {
      return await this.discovered;
    } catch (error) {
      this.discovered = undefined;
      this.logger.error(`The OpenID provider of OIDC_ISSUER cannot be used: ${reasonOf(error)}`);
      throw new ProviderFailure('provider_unavailable');
    }
  }
}

/** The standard's default, unless the provider says that it knows only the other way. */
function clientAuthOf(secret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    (methods.includes('client_secret_basic') ? basic : post)(server, ...rest);
  };
}
