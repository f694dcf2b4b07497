import { Inject, Injectable, Logger } from '@nestjs/common';
import type { LimitNoticeActivity } from '@saas-codex/contracts/activity';
import { publishActivity } from '@saas-codex/event-log/activity/activity-stream';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis.module.js';
import { LimitMails } from './limit-mails.js';
import type { Spender } from './caps.js';
import type { Notice } from './spend-totals.js';

/**
 * Tells people that a cap is nearly or wholly used: in the app (`limit-toast.ts` says whom), and by mail where there is a mail
 * server. Nothing waits for it: the limits can be read at any time.
 */
@Injectable()
export class LimitNotices {
  private readonly logger = new Logger(LimitNotices.name);

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly mails: LimitMails,
  ) {}

  publish(spender: Spender, notices: readonly Notice[]): void {
    this.mails.send(spender, notices);
    const { tenantId, sessionId, runId, person } = spender;
    for (const { total, unit, percentage, cap } of notices) {
      const activity: LimitNoticeActivity = {
        v: 1,
        type: 'limit.notice',
        tenant_id: tenantId,
        session_id: sessionId,
        run_id: runId,
        user_id: person,
        at: new Date().toISOString(),
        scope: total.scope,
        unit,
        period: total.kind,
        percentage,
        cap,
        used: total[unit],
      };
      publishActivity(this.redis, activity).catch((error: Error) =>
        this.logger.error(
          `a notice about a limit of session ${sessionId} was not published: ${error.message}`,
        ),
      );
    }
  }
}
