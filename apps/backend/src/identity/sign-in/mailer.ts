import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import pLimit from 'p-limit';
import { CONFIG, type Config } from '../../config.js';
import { OWNER_EMAIL } from '../sign-in-links.js';

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };
const CONNECTIONS = 4;
/** Mails that wait. More than this is a flood, or a mail server that has been away for long. */
const MAX_WAITING = 1_000;
const RETRY_AFTER_MS = [2_000, 10_000, 30_000];

/**
 * Sends mails in the background, so that the time of an answer does not show whether one was sent. Tries again when the mail
 * server is away. A mail that waits while the backend stops is lost: the person asks again.
 */
@Injectable()
export class Mailer implements OnApplicationShutdown {
  private readonly logger = new Logger(Mailer.name);
  private readonly transport: Transporter | null;
  private readonly inTurn = pLimit(CONNECTIONS);
  private readonly stop = new AbortController();
  private readonly waiting = new Set<Promise<void>>();

  constructor(@Inject(CONFIG) { SMTP_URL, MAIL_FROM, PUBLIC_URL }: Config) {
    const from = MAIL_FROM ?? `saas-codex <saas-codex@${new URL(PUBLIC_URL).hostname}>`;
    this.transport = SMTP_URL === undefined ? null : createTransport(transportTo(SMTP_URL), { from });
  }

  /** Whether this installation sends mail. */
  get available(): boolean {
    return this.transport !== null;
  }

  /** Whether a mail to this address can arrive. That of the first owner, until they change it, is only a name. */
  reaches(address: string): boolean {
    return this.available && address !== OWNER_EMAIL;
  }

  /** Does nothing for an address that it does not reach. */
  send(mail: Mail): void {
    const { transport } = this;
    if (!transport || !this.reaches(mail.to)) return;
    if (this.waiting.size >= MAX_WAITING) {
      return this.logger.error('A mail is not sent: too many others wait for the mail server.');
    }
    const sent = this.inTurn(() => this.deliver(transport, mail)).finally(() => this.waiting.delete(sent));
    this.waiting.add(sent);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.waiting);
    this.transport?.close();
  }

  /** Never rejects. The log names neither the person nor what the server said of them. */
  private async deliver(transport: Transporter, mail: Mail): Promise<void> {
    for (const pause of [...RETRY_AFTER_MS, null]) {
      try {
        return void (await transport.sendMail(mail));
      } catch (error) {
        const reason = reasonOf(error);
        if (pause === null || isRefused(error) || this.stop.signal.aborted) {
          return this.logger.error(`A mail could not be sent (${reason}).`);
        }
        this.logger.warn(`A mail could not be sent (${reason}); it is tried again.`);
        await delay(pause, undefined, { signal: this.stop.signal }).catch(() => undefined);
      }
    }
  }
}

/** With a password, nothing is said in the clear, except to this machine. */
function transportTo(url: string) {
  const { password, hostname } = new URL(url);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return { url, requireTLS: password !== '' && !isLocal, ...TIMEOUTS };
}

/** The server has answered, and would answer the same again. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && 'responseCode' in error && Number(error.responseCode) >= 500;

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('responseCode' in error && error.responseCode)
    return `the mail server answered ${Number(error.responseCode)}`;
  return 'code' in error ? String(error.code) : error.name;
}
