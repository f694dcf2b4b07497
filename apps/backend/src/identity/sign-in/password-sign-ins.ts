import { Inject, Injectable } from '@nestjs/common';
import type { CompleteSignUp, PasswordSignIn } from '@saas-codex/contracts/sign-in';
import { clientAddressOf } from '@saas-codex/service-kit/http/gateway-mark';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { isAPIError } from 'better-auth/api';
import type { Request } from 'express';
import { CONFIG, type Config } from '../../config.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import { clientHeaders } from '../authentication.js';
import { AUTH, type Auth } from '../better-auth.js';
import { waitingPasswords } from '../password-hashing.js';
import { linkInvalid, OneTimeLinks } from './one-time-links.js';
import { OwnOrganisations } from './own-organisations.js';
import { SecondFactors } from './second-factor/second-factors.js';
import { SignInAttempts } from './sign-in-attempts.js';

/** Passwords that may wait to be checked. That many take a few seconds. */
const MAX_WAITING = 100;

/** Signs people in with a password, and makes the accounts of people who sign up. */
@Injectable()
export class PasswordSignIns {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(AUTH) private readonly auth: Auth,
    private readonly attempts: SignInAttempts,
    private readonly links: OneTimeLinks,
    private readonly organisations: OwnOrganisations,
    private readonly secondFactors: SecondFactors,
  ) {}

  /**
   * An unknown address costs the same work as a wrong password, and gets the same answer.
   * @returns headers with the cookie
   * @throws ProblemError credentials_invalid, second_factor_required, second_factor_wrong, sign_in_locked, organisation_missing,
   * rate_limited
   */
  async signIn({ email, password, code }: PasswordSignIn, req: Request): Promise<Headers> {
    if (waitingPasswords() >= MAX_WAITING) throw crowded();
    const { headers, response } = await this.attempts.limitPassword(email, clientAddressOf(req), async () => {
      const signedIn = await this.auth.api
        .signInEmail({ body: { email, password }, headers: clientHeaders(req), returnHeaders: true })
        .catch((error: unknown) => {
          throw isAPIError(error) && error.statusCode === 401 ? wrong() : error;
        });
      const { token, user } = signedIn.response;
      await this.undoUnless(token, this.secondFactors.require(user.id, code));
      return signedIn;
    });
    await this.undoUnless(response.token, this.organisations.of(response.user));
    return headers;
  }

  /** A sign-in that may not go on leaves nothing. Its cookie has not left this process. */
  private async undoUnless(token: string, passed: Promise<unknown>): Promise<void> {
    try {
      await passed;
    } catch (error) {
      const { internalAdapter } = await this.auth.$context;
      await internalAdapter.deleteSession(token);
      throw error;
    }
  }

  /** @returns headers with the cookie @throws ProblemError sign_up_closed, link_invalid */
  async completeSignUp({ token, name, password }: CompleteSignUp, req: Request): Promise<Headers> {
    if (this.config.SIGN_UP === 'closed') throw new ProblemError('sign_up_closed', 'Ask for an invitation.');
    const email = await this.links.take('sign-up', token);
    const { internalAdapter, password: passwords } = await this.auth.$context;
    const hash = await passwords.hash(password);
    if (await internalAdapter.findUserByEmail(email)) throw linkInvalid();
    const user = await internalAdapter
      .createUser({ email, name, emailVerified: true }, { method: 'email-password' })
      .catch((error: unknown) => {
        // Another link of this address was faster.
        throw isUniqueViolation(error) ? linkInvalid() : error;
      });
    await internalAdapter.linkAccount({
      userId: user.id,
      providerId: 'credential',
      accountId: user.id,
      password: hash,
    });
    return this.signIn({ email, password }, req);
  }
}

const crowded = () =>
  new ProblemError('rate_limited', 'Too many people are signing in at once. Try again in a few seconds.', {
    headers: { 'retry-after': '5' },
  });
const wrong = () =>
  new ProblemError('credentials_invalid', 'Check the address and the password, or reset the password.');
