import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { normaliseHost } from '@saas-codex/service-kit/network/host-name';
import { OutboundProxy } from '@saas-codex/service-kit/network/outbound-proxy';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
} from 'openid-client';
import { fetch, ProxyAgent } from 'undici';
import { CONFIG, type Config } from '../../../config.js';
import { OidcFailure } from './oidc-failure.js';
import { type OidcSettings, oidcSettings } from './oidc-settings.js';

const TIMEOUT_S = 10;

/** What only this backend knows of a sign-in that has begun. */
export interface OidcSecrets {
  nonce: string;
  verifier: string;
}

/** What a provider says of a person: the claims of the ID token, and of the UserInfo endpoint where it has one. */
export type OidcClaims = Record<string, unknown> & { iss: string; sub: string };

/** Speaks OpenID Connect with the provider of the settings, through the installation's proxy. */
@Injectable()
export class OidcProvider implements OnApplicationShutdown {
  private readonly logger = new Logger(OidcProvider.name);
  private readonly settings: OidcSettings | null;
  private readonly redirectUrl: string;
  private readonly proxies: OutboundProxy;
  private readonly agents = new Map<string, ProxyAgent>();
  private discovered: Promise<Configuration> | undefined;

  /** @throws ConfigError */
  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.settings = oidcSettings(config);
    this.redirectUrl = `${config.PUBLIC_URL}/api/auth/oidc/callback`;
    this.proxies = new OutboundProxy(config);
  }

  /** What people call the provider; null: there is none. */
  get name(): string | null {
    return this.settings?.name ?? null;
  }

  /** @returns the page of the provider at which the person signs in @throws OidcFailure oidc_missing, oidc_unavailable */
  async pageFor(state: string, { nonce, verifier }: OidcSecrets): Promise<URL> {
    const provider = await this.discover();
    return buildAuthorizationUrl(provider, {
      redirect_uri: this.redirectUrl,
      scope: this.scopesOf(provider),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  /**
   * Exchanges the code of the provider's answer. State, nonce, issuer, audience, expiry and signature must fit.
   * @param query of the address to which the provider sent the browser
   * @throws OidcFailure oidc_missing, oidc_unavailable, oidc_refused
   */
  async claimsOf(query: string, state: string, { nonce, verifier }: OidcSecrets): Promise<OidcClaims> {
    const provider = await this.discover();
    try {
      const tokens = await authorizationCodeGrant(provider, new URL(`${this.redirectUrl}${query}`), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw new OidcFailure('oidc_refused');
      const more = provider.serverMetadata().userinfo_endpoint
        ? await fetchUserInfo(provider, tokens.access_token, claims.sub)
        : {};
      return { ...more, ...claims };
    } catch (error) {
      this.logger.warn(`A sign-in by OpenID Connect was refused: ${reasonOf(error)}`);
      throw new OidcFailure('oidc_refused');
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.destroy()));
  }

  /** `groups` is no standard scope: some providers need it, and some refuse it. */
  private scopesOf(provider: Configuration): string {
    const { OIDC_ALLOWED_GROUPS, OIDC_ROLE_MAP } = this.config;
    const wanted = OIDC_ALLOWED_GROUPS.length > 0 || OIDC_ROLE_MAP.length > 0;
    const known = provider.serverMetadata().scopes_supported?.includes('groups') ?? false;
    return ['openid', 'email', 'profile', ...(wanted && known ? ['groups'] : [])].join(' ');
  }

  /** Asks the provider once, and again after a failure: the backend starts without it. */
  private async discover(): Promise<Configuration> {
    const { settings } = this;
    if (!settings) throw new OidcFailure('oidc_missing');
    this.discovered ??= discovery(
      settings.issuer,
      settings.clientId,
      undefined,
      clientAuthOf(settings.clientSecret),
      {
        [customFetch]: this.fetch,
        timeout: TIMEOUT_S,
        // The settings allow http on this machine only.
        execute: [
          enableNonRepudiationChecks,
          ...(settings.issuer.protocol === 'http:' ? [allowInsecureRequests] : []),
        ],
      },
    );
    try {
      return await this.discovered;
    } catch (error) {
      this.discovered = undefined;
      this.logger.error(`The OpenID provider of OIDC_ISSUER cannot be used: ${reasonOf(error)}`);
      throw new OidcFailure('oidc_unavailable');
    }
  }

  private readonly fetch: CustomFetch = async (address, { body, ...options }) => {
    const dispatcher = this.agentFor(new URL(address));
    return fetch(address, {
      ...options,
      // The library sends forms only.
      ...(body instanceof URLSearchParams && { body: body.toString() }),
      ...(dispatcher && { dispatcher }),
    });
  };

  private agentFor({ protocol, hostname, port }: URL): ProxyAgent | undefined {
    const scheme = protocol.slice(0, -1);
    const target = {
      host: normaliseHost(hostname) ?? hostname,
      port: Number(port) || (scheme === 'http' ? 80 : 443),
    };
    const proxy = this.proxies.proxyFor(scheme, target)?.href;
    if (proxy === undefined) return undefined;
    const agent = this.agents.get(proxy) ?? new ProxyAgent(proxy);
    this.agents.set(proxy, agent);
    return agent;
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

/** For the log: the libraries' own words, and nothing of what the browser or the provider sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error ? ` (${String(error.code)})` : '';
  return `${error.message}${code}`;
}
