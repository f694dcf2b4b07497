import { Inject, Injectable, Logger } from '@nestjs/common';
import { describeLimit, formatAmount } from '@saas-codex/contracts/limits';
import { isAtLeast, PERMISSION_TABLE, ROLES } from '@saas-codex/contracts/permissions';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';
import { SystemDatabase } from '../database/system-database.js';
import { type Mail, Mailer } from '../identity/sign-in/mailer.js';
import { REDIS } from '../redis.module.js';
import type { Spender } from './caps.js';
import type { Notice } from './spend-totals.js';

const MAY_RAISE = ROLES.filter((role) => isAtLeast(role, PERMISSION_TABLE['limits:manage']));

/** Whose run it was, if it is a person's, and who may raise limits. Only to addresses that were proved. */
const PEOPLE = `
  SELECT u.email, m.role = ANY($3::text[]) AS "mayRaise", t.name AS organisation
    FROM members m JOIN users u ON u.id = m.user_id JOIN tenants t ON t.id = m.tenant_id AND t.deleted_at IS NULL
   WHERE m.tenant_id = $1 AND u.email_verified AND (u.id = $2 OR m.role = ANY($3::text[]))`;

interface Reader {
  email: string;
  mayRaise: boolean;
  organisation: string;
}

/** Runs and sessions are many: of their limits people get one mail in this time. */
const QUIET_SECONDS = 60 * 60;

/**
 * Mails to those whom a limit concerns: who wrote the prompt, and who may raise it.
 *
 *     a person's limit, the organisation's    at 80, 90 and 100 %, once in its day or month
 *     a run's, a session's                    at 100 %, when a run waits; at most one mail an hour for each person's runs
 *
 * Like every mail it may be lost when a backend stops. The page of limits shows the same at any time.
 */
@Injectable()
export class LimitMails {
  private readonly logger = new Logger(LimitMails.name);

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'PUBLIC_URL'>,
    private readonly system: SystemDatabase,
    private readonly mailer: Mailer,
    @Inject(REDIS) private readonly redis: Redis,
  ) {}

  /** In the background. */
  send(spender: Spender, notices: readonly Notice[]): void {
    if (!this.mailer.available) return;
    this.sendAll(spender, notices).catch((error: unknown) =>
      this.logger.error(`People could not be mailed about a limit: ${String(error)}`),
    );
  }

  private async sendAll(spender: Spender, notices: readonly Notice[]): Promise<void> {
    const { tenantId, person } = spender;
    for (const notice of notices) {
      if (!(await this.isDue(spender, notice))) continue;
      const readers = await this.system.query<Reader>(PEOPLE, [tenantId, person, MAY_RAISE]);
      for (const reader of readers) this.mailer.send(mailOf(notice, reader, this.config.PUBLIC_URL));
    }
  }

  private async isDue({ tenantId, person }: Spender, { total, unit, percentage }: Notice): Promise<boolean> {
    if (total.scope === 'person' || total.scope === 'tenant') return true;
    if (percentage < 100) return false;
    const key = REDIS_KEYS.limitMail(tenantId, person, `${total.scope}:${unit}:${total.kind}`);
    return (await this.redis.set(key, '1', 'EX', QUIET_SECONDS, 'NX')) !== null;
  }
}

function mailOf({ total, unit, percentage, cap, setBy }: Notice, reader: Reader, publicUrl: string): Mail {
  const limit = describeLimit({ scope: total.scope, unit, period: total.kind, cap });
  const isFull = percentage >= 100;
  const raise =
    setBy === 'operator'
      ? 'It is set by the operator of this installation, who alone can raise it.'
      : reader.mayRaise
        ? 'You can raise it there, under Limits.'
        : 'Admins and owners of the organisation can raise it there.';
  return {
    to: reader.email,
    subject: isFull ? 'A limit is reached' : `${percentage}% of a limit are used`,
    text: `In the organisation ${reader.organisation}, ${formatAmount(total[unit], unit)} of ${limit} are used.
${isFull ? '\nThe next call of a model does not fit. Runs that need one wait for a while, and end if nobody raises the limit.\n' : ''}
${publicUrl}/settings/usage shows what is used. ${raise}
`,
  };
}
