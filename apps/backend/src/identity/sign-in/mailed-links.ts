import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { CONFIG, type Config } from '../../config.js';
import { SystemDatabase } from '../../database/system-database.js';
import { AUTH, type Auth } from '../better-auth.js';
import { type Mail, Mailer } from './mailer.js';
import { accountExistsMail, confirmEmailMail, resetMail, signUpMail } from './mails.js';
import { type LinkKind, OneTimeLinks } from './one-time-links.js';
import { SignInAttempts } from './sign-in-attempts.js';

const HOUR_MS = 3_600_000;

/**
 * Links that are mailed. The answer is the same for every address, and is sent before the address
 * is looked up:
 *
 *     request ──► Postgres answers? ──► 204
 *                      └──► in the background: few mails to this address so far? an account? ──► mail
 */
@Injectable()
export class MailedLinks implements OnApplicationShutdown {
  private readonly logger = new Logger(MailedLinks.name);
  private readonly running = new Set<Promise<void>>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(AUTH) private readonly auth: Auth,
    private readonly system: SystemDatabase,
    private readonly mailer: Mailer,
    private readonly links: OneTimeLinks,
    private readonly attempts: SignInAttempts,
  ) {}

  /** @throws ProblemError mail_missing, store_unavailable */
  async resetPassword(email: string): Promise<void> {
    if (!this.mailer.available) {
      throw new ProblemError(
        'mail_missing',
        'Ask an admin of your organisation for a link that resets your password.',
      );
    }
    await this.inBackground(email, async (userId) => {
      if (userId === undefined) return null;
      return resetMail(this.config.PUBLIC_URL, email, await this.issue('reset-password', userId));
    });
  }

  /** @throws ProblemError sign_up_closed, store_unavailable */
  async signUp(email: string): Promise<void> {
    if (this.config.SIGN_UP === 'closed') {
      throw new ProblemError('sign_up_closed', 'Ask somebody of your organisation for an invitation.');
    }
    await this.inBackground(email, async (userId) => {
      const { PUBLIC_URL } = this.config;
      if (userId !== undefined) return accountExistsMail(PUBLIC_URL, email);
      return signUpMail(PUBLIC_URL, email, await this.issue('sign-up', email));
    });
  }

  /** @param change what the link will stand for @throws ProblemError store_unavailable */
  async changeEmail(email: string, change: string): Promise<void> {
    await this.inBackground(email, async (userId) => {
      if (userId !== undefined) return null;
      return confirmEmailMail(this.config.PUBLIC_URL, email, await this.issue('change-email', change));
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.running);
  }

  private issue(kind: LinkKind, value: string): Promise<string> {
    return this.links.issue(kind, value, new Date(Date.now() + HOUR_MS));
  }

  private async inBackground(
    email: string,
    mailFor: (userId?: string) => Promise<Mail | null>,
  ): Promise<void> {
    await this.system.ping();
    const work = this.mail(email, mailFor)
      .catch((error: unknown) => this.logger.error(`A mailed link could not be made: ${String(error)}`))
      .finally(() => this.running.delete(work));
    this.running.add(work);
  }

  private async mail(email: string, mailFor: (userId?: string) => Promise<Mail | null>): Promise<void> {
    if (!(await this.attempts.mayMail(email))) return;
    const { internalAdapter } = await this.auth.$context;
    const found = await internalAdapter.findUserByEmail(email);
    const mail = await mailFor(found?.user.id);
    if (mail) this.mailer.send(mail);
  }
}
