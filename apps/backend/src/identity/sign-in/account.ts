import { Inject, Injectable } from '@nestjs/common';
import type { ChangeEmail } from '@saas-codex/contracts/sign-in';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Request } from 'express';
import { z } from 'zod';
import { CONFIG, type Config } from '../../config.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import { AUTH, type Auth } from '../better-auth.js';
import type { CallerContext } from '../request-context.js';
import { noteForAudit } from '../request-origin.js';
import { MailedLinks } from './mailed-links.js';
import { Mailer } from './mailer.js';
import { emailChangedMail } from './mails.js';
import { linkInvalid, OneTimeLinks } from './one-time-links.js';
import { Passwords } from './passwords.js';
import { signedInPerson } from '../person.js';

/** What a link that confirms a new address stands for. */
const EmailChange = z.object({ userId: z.string(), email: z.string() });

/** What people change about themselves. */
@Injectable()
export class Account {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(AUTH) private readonly auth: Auth,
    private readonly passwords: Passwords,
    private readonly mailedLinks: MailedLinks,
    private readonly mailer: Mailer,
    private readonly links: OneTimeLinks,
  ) {}

  /** @throws ProblemError person_required */
  async rename(ctx: CallerContext, name: string): Promise<void> {
    const { userId } = signedInPerson(ctx.actor);
    const { internalAdapter } = await this.auth.$context;
    const user = await internalAdapter.findUserById(userId);
    noteForAudit(ctx, { changes: { name: { old: user?.name ?? null, new: name } } });
    await internalAdapter.updateUser(userId, { name });
  }

  /**
   * Mails a link to the new address; until it is used, nothing changes. The answer does not say whether the address is taken.
   * @throws ProblemError person_required, mail_missing, password_wrong, sign_in_locked, sign_in_too_old
   */
  async changeEmail(ctx: CallerContext, body: ChangeEmail, req: Request): Promise<void> {
    if (!this.mailer.available) {
      throw new ProblemError(
        'mail_missing',
        'Without mail a new address cannot be confirmed. Ask your operator to set SMTP_URL.',
      );
    }
    await this.passwords.prove(ctx, body.current_password, req);
    const { userId } = signedInPerson(ctx.actor);
    await this.mailedLinks.changeEmail(body.email, JSON.stringify({ userId, email: body.email }));
  }

  /**
   * The link must be opened by the person who asked for it, signed in: an address that was mistyped gives nobody an account.
   * @throws ProblemError person_required, link_invalid
   */
  async confirmEmail(ctx: CallerContext, token: string): Promise<void> {
    const person = signedInPerson(ctx.actor);
    const { userId, email } = EmailChange.parse(JSON.parse(await this.links.take('change-email', token)));
    const { internalAdapter } = await this.auth.$context;
    const user = await internalAdapter.findUserById(userId);
    if (!user || userId !== person.userId || (await internalAdapter.findUserByEmail(email)))
      throw linkInvalid();
    await internalAdapter.updateUser(userId, { email, emailVerified: true }).catch((error: unknown) => {
      throw isUniqueViolation(error) ? linkInvalid() : error;
    });
    noteForAudit(ctx, { changes: { email: { old: user.email, new: email } } });
    await this.passwords.voidResetLinks(userId);
    this.mailer.send(emailChangedMail(this.config.PUBLIC_URL, user.email));
  }
}
