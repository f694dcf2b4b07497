import { Inject, Injectable } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request } from 'express';
import { noteForAudit, requestOrigin } from '../../request-origin.js';
import { randomNonce, randomPKCECodeVerifier } from 'openid-client';
import { z } from 'zod';
import { CONFIG, type Config } from '../../../config.js';
import { clientHeaders } from '../../authentication.js';
import { AUTH, type Auth } from '../../better-auth.js';
import { OneTimeLinks } from '../one-time-links.js';
import { OwnOrganisations } from '../own-organisations.js';
import { OidcAccounts } from './oidc-accounts.js';
import { OidcFailure } from './oidc-failure.js';
import { type OidcPerson, oidcPerson } from './oidc-person.js';
import { type OidcClaims, OidcProvider, type OidcSecrets } from './oidc-provider.js';

/** How long somebody may take at the provider. */
export const OIDC_STATE_MS = 10 * 60_000;

const Secrets = z.object({ nonce: z.string(), verifier: z.string() });

/**
 * Signs people in by OpenID Connect (code flow):
 *
 *     start      state ──► the browser's cookie, and the provider;  nonce, verifier ──► Postgres, by the state's hash
 *     callback   the cookie's state = the address's state, not yet taken ──► code for claims ──► account ──► cookie
 */
@Injectable()
export class OidcSignIns {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(AUTH) private readonly auth: Auth,
    private readonly provider: OidcProvider,
    private readonly accounts: OidcAccounts,
    private readonly organisations: OwnOrganisations,
    private readonly links: OneTimeLinks,
  ) {}

  /** @throws OidcFailure oidc_missing, oidc_unavailable */
  async start(): Promise<{ state: string; page: URL }> {
    if (this.provider.name === null) throw new OidcFailure('oidc_missing');
    const secrets: OidcSecrets = { nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
    const expiresAt = new Date(Date.now() + OIDC_STATE_MS);
    const state = await this.links.issue('oidc', JSON.stringify(secrets), expiresAt);
    return { state, page: await this.provider.pageFor(state, secrets) };
  }

  /**
   * @param query of the address to which the provider sent the browser
   * @param state that this browser began with
   * @returns headers with the cookie
   * @throws OidcFailure
   */
  async finish(query: string, state: string | undefined, req: Request): Promise<Headers> {
    if (state === undefined || new URLSearchParams(query).get('state') !== state) {
      throw new OidcFailure('oidc_expired');
    }
    const secrets = await this.take(state);
    const claims = await this.provider.claimsOf(query, state, secrets);
    const user = await this.accounts.of(await this.allowed(claims));
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
  private async allowed(claims: OidcClaims): Promise<OidcPerson> {
    try {
      return oidcPerson(claims, this.config);
    } catch (error) {
      await this.accounts.signOut({ issuer: claims.iss, subject: claims.sub });
      throw error;
    }
  }

  /** Of any number of requests with one state, one goes on. */
  private async take(state: string): Promise<OidcSecrets> {
    const value = await this.links.take('oidc', state).catch((error: unknown) => {
      throw error instanceof ProblemError ? new OidcFailure('oidc_expired') : error;
    });
    return Secrets.parse(JSON.parse(value));
  }
}

const asFailure = (error: unknown): never => {
  throw error instanceof ProblemError ? new OidcFailure('organisation_missing') : error;
};
