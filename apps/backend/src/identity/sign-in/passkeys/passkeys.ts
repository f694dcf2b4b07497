import { Inject, Injectable, Logger } from '@nestjs/common';
import type { PageQuery } from '@saas-codex/contracts/pagination';
import type {
  CreatePasskey,
  Passkey,
  PasskeyOptions,
  PasskeyPage,
  PasskeySignIn,
} from '@saas-codex/contracts/passkeys';
import { ProblemError } from '@saas-codex/service-kit/problem';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { Request } from 'express';
import { z } from 'zod';
import { CONFIG, type Config } from '../../../config.js';
import { clientHeaders } from '../../authentication.js';
import { AUTH, type Auth } from '../../better-auth.js';
import { signedInPerson } from '../../person.js';
import type { CallerContext } from '../../request-context.js';
import { type LinkKind, OneTimeLinks } from '../one-time-links.js';
import { OwnOrganisations } from '../own-organisations.js';
import { Passwords } from '../passwords.js';
import { PasskeyStore } from './passkey-store.js';

/** How long a browser has for its answer. */
const CHALLENGE_MS = 5 * 60_000;

const ClientData = z.object({ challenge: z.string() });

/**
 * Signs people in with passkeys (WebAuthn; @simplewebauthn/server judges what browsers say). A challenge is the secret of a
 * one-time link: it works once, for one of any number of answers, and Postgres keeps its hash.
 */
@Injectable()
export class Passkeys {
  private readonly logger = new Logger(Passkeys.name);
  private readonly origin: string;
  private readonly host: string;

  constructor(
    @Inject(CONFIG) { PUBLIC_URL }: Config,
    @Inject(AUTH) private readonly auth: Auth,
    private readonly store: PasskeyStore,
    private readonly links: OneTimeLinks,
    private readonly passwords: Passwords,
    private readonly organisations: OwnOrganisations,
  ) {
    ({ origin: this.origin, hostname: this.host } = new URL(PUBLIC_URL));
  }

  /** @throws ProblemError person_required, invalid_cursor */
  list({ actor }: CallerContext, query: PageQuery): Promise<PasskeyPage> {
    return this.store.list(signedInPerson(actor).userId, query);
  }

  /** @throws ProblemError person_required, password_wrong, sign_in_locked, sign_in_too_old */
  async startCreation(
    ctx: CallerContext,
    password: string | undefined,
    req: Request,
  ): Promise<PasskeyOptions> {
    await this.passwords.prove(ctx, password, req);
    const { userId, signInId } = signedInPerson(ctx.actor);
    const { internalAdapter } = await this.auth.$context;
    const user = await internalAdapter.findUserById(userId);
    const known = await this.store.credentialIds(userId);
    const options = await generateRegistrationOptions({
      rpName: 'saas-codex',
      rpID: this.host,
      userID: new TextEncoder().encode(userId),
      userName: user?.email ?? userId,
      userDisplayName: user?.name ?? '',
      challenge: await this.newChallenge('passkey-creation', signInId),
      excludeCredentials: known.map((id) => ({ id })),
      // It takes the place of an address and a password, so it knows whose it is and asks for a finger or a PIN.
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    return { ...options };
  }

  /** @throws ProblemError person_required, passkey_refused */
  async create({ actor }: CallerContext, { name, credential }: CreatePasskey): Promise<Passkey> {
    const { signInId, userId } = signedInPerson(actor);
    const challenge = challengeOf(credential.response.clientDataJSON);
    if ((await this.take('passkey-creation', challenge)) !== signInId) throw refused();
    const { registrationInfo } = await this.judge(() =>
      verifyRegistrationResponse({ response: credential, ...this.expected(challenge) }),
    );
    if (!registrationInfo) throw refused();
    const made = await this.store.insert(userId, name, registrationInfo.credential);
    if (!made) throw refused('This passkey is known already, or you have too many. Remove one first.');
    return made;
  }

  /** @throws ProblemError person_required, passkey_not_found */
  async rename({ actor }: CallerContext, id: string, name: string): Promise<Passkey> {
    const renamed = await this.store.rename(signedInPerson(actor).userId, id, name);
    if (!renamed) throw notFound();
    return renamed;
  }

  /** @throws ProblemError person_required, passkey_not_found */
  async remove({ actor }: CallerContext, id: string): Promise<void> {
    if (!(await this.store.remove(signedInPerson(actor).userId, id))) throw notFound();
  }

  /** The same for everybody: it tells nobody who has a passkey. */
  async startSignIn(): Promise<PasskeyOptions> {
    const challenge = await this.newChallenge('passkey-sign-in', 'anybody');
    const options = await generateAuthenticationOptions({
      rpID: this.host,
      challenge,
      userVerification: 'required',
    });
    return { ...options };
  }

  /** @returns headers with the cookie @throws ProblemError passkey_refused, organisation_missing */
  async signIn(response: PasskeySignIn, req: Request): Promise<Headers> {
    const challenge = challengeOf(response.response.clientDataJSON);
    await this.take('passkey-sign-in', challenge);
    const known = await this.store.byCredential(response.id);
    if (!known) throw refused();
    const { user, credential } = known;
    const { verified, authenticationInfo } = await this.judge(() =>
      verifyAuthenticationResponse({ response, credential, ...this.expected(challenge) }),
    );
    if (!verified) throw refused();
    const counter = { from: credential.counter, to: authenticationInfo.newCounter };
    if (!(await this.store.recordUse(credential.id, counter))) throw refused();
    const { tenantId } = await this.organisations.of(user);
    const { headers } = await this.auth.api.signInAs({
      body: { userId: user.id, tenantId },
      headers: clientHeaders(req),
      returnHeaders: true,
    });
    return headers;
  }

  private expected(expectedChallenge: string) {
    return {
      expectedChallenge,
      expectedOrigin: this.origin,
      expectedRPID: this.host,
      requireUserVerification: true,
    };
  }

  private async newChallenge(kind: LinkKind, value: string): Promise<Uint8Array<ArrayBuffer>> {
    const token = await this.links.issue(kind, value, new Date(Date.now() + CHALLENGE_MS));
    return new Uint8Array(Buffer.from(token, 'base64url'));
  }

  private take(kind: LinkKind, challenge: string): Promise<string> {
    return this.links.take(kind, challenge).catch((error: unknown) => {
      throw error instanceof ProblemError ? refused() : error;
    });
  }

  /** The library throws at whatever does not fit. */
  private async judge<T>(verify: () => Promise<T>): Promise<T> {
    try {
      return await verify();
    } catch (error) {
      // Its words may repeat what was sent.
      this.logger.warn(`A passkey was refused: ${error instanceof Error ? error.name : 'unknown'}`);
      throw refused();
    }
  }
}

/** @throws ProblemError passkey_refused */
function challengeOf(clientData: string): string {
  try {
    return ClientData.parse(JSON.parse(Buffer.from(clientData, 'base64url').toString())).challenge;
  } catch {
    throw refused();
  }
}

const refused = (detail = 'Try again. If it was removed here, sign in in another way.') =>
  new ProblemError('passkey_refused', detail);
const notFound = () =>
  new ProblemError('passkey_not_found', 'It may have been removed already. Reload the list.');
