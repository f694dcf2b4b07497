import { Inject, Injectable } from '@nestjs/common';
import {
  type ChangePassword,
  type CompletePasswordReset,
  type PasswordResetLink,
  RESET_PASSWORD_PATH,
} from '@saas-codex/contracts/sign-in';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { isAPIError } from 'better-auth/api';
import type { Request } from 'express';
import { CONFIG, type Config } from '../../config.js';
import { SystemDatabase } from '../../database/system-database.js';
import { ApiKeys } from '../api-keys.js';
import { webHeaders } from '../authentication.js';
import { AUTH, type Auth } from '../better-auth.js';
import type { CallerContext } from '../request-context.js';
import { noteForAudit, type RequestOrigin } from '../request-origin.js';
import { Mailer } from './mailer.js';
import { linkTo, resetMail } from './mails.js';
import { linkInvalid, OneTimeLinks } from './one-time-links.js';
import { signedInPerson } from '../person.js';
import { SignInAttempts } from './sign-in-attempts.js';

const HOUR_MS = 3_600_000;
/** A link that an admin hands over by hand. */
const HANDED_LINK_MS = 24 * HOUR_MS;
/** How old a sign-in may be that sets the first password. */
const FRESH_MS = 24 * HOUR_MS;

/** The member whose password is to be reset, how many other organisations they belong to, and the membership of who resets it, $3. */
const MEMBER = `
  SELECT u.email, m.role, a.id AS "madeBy",
         (SELECT count(*)::int FROM members o WHERE o.user_id = u.id AND o.tenant_id <> $1) AS elsewhere
    FROM members m JOIN users u ON u.id = m.user_id JOIN members a ON a.tenant_id = m.tenant_id AND a.user_id = $3
   WHERE m.tenant_id = $1 AND m.user_id = $2`;

/** Whether the membership $1 may still reset the password of the person $2. */
const MAY_STILL_RESET = `
  SELECT FROM members a JOIN members m ON m.tenant_id = a.tenant_id AND m.user_id = $2
    JOIN tenants t ON t.id = a.tenant_id AND t.deleted_at IS NULL
   WHERE a.id = $1 AND (a.role = 'owner' OR (a.role = 'admin' AND m.role <> 'owner'))
     AND NOT EXISTS (SELECT FROM members o WHERE o.user_id = m.user_id AND o.tenant_id <> m.tenant_id)`;

/** With these, somebody else could still get into an account that they opened with the address of the person $1. */
const REMOVE_IF_UNPROVED = `
  WITH unproved AS (SELECT id FROM users WHERE id = $1 AND NOT email_verified),
  keys AS (DELETE FROM api_keys k USING unproved u WHERE k.user_id = u.id)
  DELETE FROM passkeys p USING unproved u WHERE p.user_id = u.id`;

const FORBIDDEN = {
  password: 'password_reset_forbidden',
  'second factor': 'second_factor_reset_forbidden',
} as const;

interface ResetMember {
  email: string;
  role: string;
  madeBy: string;
  elsewhere: number;
}

/** Sets, changes and resets passwords. Whoever gets a new one is signed out everywhere else; their API keys stay unless they say so. */
@Injectable()
export class Passwords {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(AUTH) private readonly auth: Auth,
    private readonly system: SystemDatabase,
    private readonly mailer: Mailer,
    private readonly links: OneTimeLinks,
    private readonly attempts: SignInAttempts,
    private readonly apiKeys: ApiKeys,
  ) {}

  async isSet(userId: string): Promise<boolean> {
    const { internalAdapter } = await this.auth.$context;
    return Boolean((await internalAdapter.findCredentialAccount(userId))?.password);
  }

  /**
   * @returns headers with the cookie of a new sign-in, if the old one has ended
   * @throws ProblemError person_required, password_wrong, sign_in_locked, sign_in_too_old
   */
  async change(ctx: CallerContext, body: ChangePassword, req: Request): Promise<Headers> {
    const { signInId, userId } = signedInPerson(ctx.actor);
    if (!(await this.isSet(userId))) return this.setFirst(userId, body, req);
    const { current_password: currentPassword } = body;
    const cookies = await this.withPassword(signInId, currentPassword, async (given) => {
      const { headers } = await this.auth.api.changePassword({
        body: { currentPassword: given, newPassword: body.password, revokeOtherSessions: true },
        headers: webHeaders(req),
        returnHeaders: true,
      });
      return headers;
    });
    await this.voidResetLinks(userId);
    if (body.revoke_api_keys) await this.apiKeys.revokeAllOf(userId);
    return cookies;
  }

  /**
   * Makes sure that it is the person, and not somebody with their cookie.
   * @throws ProblemError person_required, password_wrong, sign_in_locked, sign_in_too_old
   */
  async prove({ actor }: CallerContext, currentPassword: string | undefined, req: Request): Promise<void> {
    const { signInId, userId } = signedInPerson(actor);
    const headers = webHeaders(req);
    if (!(await this.isSet(userId))) return this.requireFresh(headers);
    await this.withPassword(signInId, currentPassword, (password) =>
      this.auth.api.verifyPassword({ body: { password }, headers }),
    );
  }

  /** Links that were made for a person and not used work no more. Their `value` is the person's id. */
  async voidResetLinks(userId: string): Promise<void> {
    const { adapter } = await this.auth.$context;
    await adapter.deleteMany({ model: 'verification', where: [{ field: 'value', value: userId }] });
  }

  /** What an admin was shown works only as long as they may make such a link. @throws ProblemError link_invalid */
  async completeReset(
    { token, password, revoke_api_keys: revokeKeys }: CompletePasswordReset,
    origin: RequestOrigin,
  ): Promise<void> {
    const link = await this.links.find('reset-password', token);
    if (!link) throw linkInvalid();
    if (link.madeBy !== undefined) {
      const allowed = await this.system.query(MAY_STILL_RESET, [link.madeBy, link.value]);
      if (allowed.length === 0) throw linkInvalid();
    }
    // First: the link works once, so the person could not ask again.
    if (revokeKeys) await this.apiKeys.revokeAllOf(link.value);
    await this.auth.api.resetPassword({ body: { token, newPassword: password } }).catch((error: unknown) => {
      throw isAPIError(error) ? linkInvalid() : error;
    });
    if (link.madeBy === undefined) await this.noteProvedAddress(link.value);
    noteForAudit({ origin }, { person: { userId: link.value } });
  }

  /**
   * Who accepts an invitation may name any address. The first mail that is answered proves whose it is, and from then on
   * the account is only theirs. A second factor stays: the new password alone does not pass it.
   */
  private async noteProvedAddress(userId: string): Promise<void> {
    await this.system.query(REMOVE_IF_UNPROVED, [userId]);
    const { internalAdapter } = await this.auth.$context;
    await internalAdapter.updateUser(userId, { emailVerified: true });
  }

  /**
   * For an admin. Somebody who belongs to another organisation, too, is not in this one's hands.
   * @throws ProblemError person_required, member_not_found, password_reset_forbidden, rate_limited
   */
  async resetLink(ctx: CallerContext, userId: string): Promise<PasswordResetLink> {
    const member = await this.memberToReset(ctx, userId, 'password');
    const mailed = this.mailer.reaches(member.email);
    if (mailed && !(await this.attempts.mayMail(member.email))) {
      throw new ProblemError('rate_limited', 'This person has got many mails already. Try again in an hour.');
    }
    const expiresAt = new Date(Date.now() + (mailed ? HOUR_MS : HANDED_LINK_MS));
    const madeBy = mailed ? undefined : member.madeBy;
    const token = await this.links.issue('reset-password', userId, expiresAt, madeBy);
    const { PUBLIC_URL } = this.config;
    if (mailed) this.mailer.send(resetMail(PUBLIC_URL, member.email, token));
    return {
      url: mailed ? null : linkTo(PUBLIC_URL, RESET_PASSWORD_PATH, token),
      expires_at: expiresAt.toISOString(),
    };
  }

  /**
   * What others trust this person with is not one organisation's to reset.
   * @throws ProblemError person_required, member_not_found, password_reset_forbidden, second_factor_reset_forbidden
   */
  async memberToReset(
    { tenantId, actor }: CallerContext,
    userId: string,
    what: keyof typeof FORBIDDEN,
  ): Promise<ResetMember> {
    const person = signedInPerson(actor);
    const refuse = (detail: string) => new ProblemError(FORBIDDEN[what], detail);
    const [member] = await this.system.query<ResetMember>(MEMBER, [tenantId, userId, person.userId]);
    if (!member) throw new ProblemError('member_not_found', 'Nobody in this organisation has this id.');
    if (userId === person.userId) throw refuse(`Change your own ${what} in Settings.`);
    if (member.role === 'owner' && actor.role !== 'owner')
      throw refuse(`Only an owner can reset the ${what} of an owner.`);
    if (member.elsewhere > 0) {
      throw refuse(`This person also belongs to another organisation, so only they can reset their ${what}.`);
    }
    return member;
  }

  private async setFirst(userId: string, body: ChangePassword, req: Request): Promise<Headers> {
    const headers = webHeaders(req);
    await this.requireFresh(headers);
    await this.auth.api.setPassword({ body: { newPassword: body.password }, headers });
    await this.auth.api.revokeOtherSessions({ headers });
    await this.voidResetLinks(userId);
    if (body.revoke_api_keys) await this.apiKeys.revokeAllOf(userId);
    return new Headers();
  }

  private async requireFresh(headers: Headers): Promise<void> {
    const current = await this.auth.api.getSession({ headers });
    if (current && Date.now() - current.session.createdAt.getTime() <= FRESH_MS) return;
    throw new ProblemError('sign_in_too_old', 'Sign in with a new link. Then try again within a day.');
  }

  /** Counted per sign-in: who has a stolen cookie cannot keep the person from signing in elsewhere. */
  private async withPassword<T>(
    signInId: string,
    given: string | undefined,
    use: (password: string) => Promise<T>,
  ): Promise<T> {
    if (given === undefined) throw wrong('Enter your current password.');
    return this.attempts.limitPassword(`sign-in ${signInId}`, undefined, () =>
      use(given).catch((error: unknown) => {
        const isWrong = isAPIError(error) && error.body?.code === 'INVALID_PASSWORD';
        throw isWrong ? wrong('Check your current password.') : error;
      }),
    );
  }
}

const wrong = (detail: string) => new ProblemError('password_wrong', detail);
