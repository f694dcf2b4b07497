import { Logger } from '@nestjs/common';
import type { ProviderId } from '@saas-codex/contracts/sign-in';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type Configuration,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client';
import { ProviderFailure } from './provider-failure.js';
import type { ProviderClaims } from './provider-person.js';
import type { ProviderRules, ProviderSettings } from './provider-settings.js';

export const PROVIDER_TIMEOUT_S = 10;

/** What only this backend knows of a sign-in that has begun. */
export interface ProviderSecrets {
  nonce: string;
  verifier: string;
}

export type ProviderTokens = TokenEndpointResponse & TokenEndpointResponseHelpers;

/**
 * A server at which people sign in by the code flow of OAuth 2:
 *
 *     pageFor     state, PKCE challenge (and nonce, where there are ID tokens) ──► the address of the provider's page
 *     claimsOf    the address with which the browser came back ──► code for tokens ──► what the provider says of the person
 *
 * Each has a redirect address of its own, so that no provider gets the code of another one.
 */
export abstract class SignInProvider {
  protected readonly logger = new Logger(this.constructor.name);
  private readonly redirectUrl: string;

  protected constructor(
    readonly id: ProviderId,
    publicUrl: string,
    protected readonly settings: ProviderSettings | null,
  ) {
    this.redirectUrl = `${publicUrl}/api/auth/${id}/callback`;
  }

  /** Whether it vouches for people by ID tokens, as OpenID Connect does. */
  protected abstract readonly hasIdTokens: boolean;

  /** @throws ProviderFailure provider_missing, provider_unavailable */
  protected abstract server(): Promise<Configuration>;

  protected abstract scopesAt(server: Configuration): readonly string[];

  protected abstract describePerson(server: Configuration, tokens: ProviderTokens): Promise<ProviderClaims>;

  /** What people call the provider; null: there is none. */
  get name(): string | null {
    return this.settings?.name ?? null;
  }

  /** @throws ProviderFailure provider_missing */
  get rules(): ProviderRules {
    return this.requireSettings().rules;
  }

  /** @returns the page at which the person signs in @throws ProviderFailure provider_missing, provider_unavailable */
  async pageFor(state: string, { nonce, verifier }: ProviderSecrets): Promise<URL> {
    const server = await this.server();
    return buildAuthorizationUrl(server, {
      redirect_uri: this.redirectUrl,
      scope: this.scopesAt(server).join(' '),
      state,
      ...(this.hasIdTokens && { nonce }),
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  /**
   * Exchanges the code of the provider's answer. The state must fit, and of an ID token the nonce, issuer, audience, expiry and signature.
   * @param query of the address to which the provider sent the browser
   * @throws ProviderFailure provider_missing, provider_unavailable, provider_refused
   */
  async claimsOf(
    query: string,
    state: string,
    { nonce, verifier }: ProviderSecrets,
  ): Promise<ProviderClaims> {
    const server = await this.server();
    try {
      const tokens = await authorizationCodeGrant(server, new URL(`${this.redirectUrl}${query}`), {
        expectedState: state,
        pkceCodeVerifier: verifier,
        ...(this.hasIdTokens && { expectedNonce: nonce, idTokenExpected: true }),
      });
      return await this.describePerson(server, tokens);
    } catch (error) {
      this.logger.warn(`A sign-in at a provider was refused: ${reasonOf(error)}`);
      throw new ProviderFailure('provider_refused');
    }
  }

  protected requireSettings(): ProviderSettings {
    if (!this.settings) throw new ProviderFailure('provider_missing');
    return this.settings;
  }

  /** Whether the rules ask for groups. */
  protected get needsGroups(): boolean {
    return this.rules.allowedGroups.length > 0 || this.rules.roleMap.length > 0;
  }
}

/** The settings allow http on this machine only. */
export const httpAllowance = ({ protocol }: URL) => (protocol === 'http:' ? [allowInsecureRequests] : []);

/** For the log: the libraries' own words, and nothing of what the browser or the provider sent. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error ? ` (${String(error.code)})` : '';
  return `${error.message}${code}`;
}
