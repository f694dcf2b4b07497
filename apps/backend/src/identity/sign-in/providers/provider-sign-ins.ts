import { Inject, Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request } from 'express';
import { noteForAudit, requestOrigin } from '../../request-origin.js';
import { randomNonce, randomPKCECodeVerifier } from 'openid-client';
import { z } from 'zod';
import { clientHeaders } from '../../authentication.js';
import { AUTH, type Auth } from '../../better-auth.js';
import { OneTimeLinks } from '../one-time-links.js';
import { OwnOrganisations } from '../own-organisations.js';
import { ProviderAccounts } from './provider-accounts.js';
import { ProviderFailure } from './provider-failure.js';
import { type ProviderClaims, type ProviderPerson, providerPerson } from './provider-person.js';
import type { ProviderSecrets, SignInProvider } from './sign-in-provider.js';

/** How long somebody may take at the provider. */
export const PROVIDER_STATE_MS = 10 * 60_000;

const Secrets = z.object({ nonce: z.string(), verifier: z.string() });

/**
 * Signs people in at providers (code flow):
 *
 *     start      state ──► the browser's cookie, and the provider;  nonce, verifier ──► Postgres, by the state's hash
 *     callback   the cookie's state = the address's state, not yet taken ──► code for claims ──► account ──► cookie
 */
@Injectable()
export class ProviderSignIns {
  constructor(
    @Inject(AUTH) private readonly auth: Auth,
    private readonly accounts: ProviderAccounts,
    private readonly organisations: OwnOrganisations,
    private readonly links: OneTimeLinks,
  ) {}

  /** @throws ProviderFailure provider_missing, provider_unavailable */
  async start(provider: SignInProvider): Promise<{ state: string; page: URL }> {
    if (provider.name === null) throw new ProviderFailure('provider_missing');
    const secrets: ProviderSecrets = { nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
    const expiresAt = new Date(Date.now() + PROVIDER_STATE_MS);
    const state = await this.links.issue(provider.id, JSON.stringify(secrets), expiresAt);
    return { state, page: await provider.pageFor(state, secrets) };
  }

  /**
   * @param query of the address to which the provider sent the browser
   * @param state that this browser began with
   * @returns headers with the cookie
   * @throws ProviderFailure
   */
  async finish(
    provider: SignInProvider,
    query: string,
    state: string | undefined,
    req: Request,
  ): Promise<Headers> {
    if (state === undefined || new URLSearchParams(query).get('state') !== state) {
      throw new ProviderFailure('provider_expired');
    }
    const secrets = await this.take(provider, state);
    const claims = await provider.claimsOf(query, state, secrets);
    const user = await this.accounts.of(await this.allowed(claims, provider), provider.rules);
    const { tenantId } = await this.organisations.of(user).catch(asFailure);
    noteForAudit({ origin: requestOrigin(req) }, { person: { userId: user.id } });
    const { headers } = await this.auth.api.signInAs({
      body: { userId: user.id, tenantId },
      headers: clientHeaders(req),
      returnHeaders: true,
    });
    return headers;
  }

  /** Whom the rules no longer allow loses also the sign-ins from when they did. */
  private async allowed(claims: ProviderClaims, { rules }: SignInProvider): Promise<ProviderPerson> {
    try {
      return providerPerson(claims, rules);
    } catch (error) {
      await this.accounts.signOut(claims);
      throw error;
    }
  }

  /** Of any number of requests with one state, one goes on; and none with the state of another provider. */
  private async take({ id }: SignInProvider, state: string): Promise<ProviderSecrets> {
    const value = await this.links.take(id, state).catch((error: unknown) => {
      throw error instanceof ProblemError ? new ProviderFailure('provider_expired') : error;
    });
    return Secrets.parse(JSON.parse(value));
  }
}

const asFailure = (error: unknown): never => {
  throw error instanceof ProblemError ? new ProviderFailure('organisation_missing') : error;
};
