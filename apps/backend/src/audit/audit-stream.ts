import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AuditEntry } from '@saas-codex/contracts/audit';
import { AUDIT_STREAM, REDIS_KEYS, STREAM_FIELDS } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis.module.js';

/**
 * A tenant's newest entries as a Redis stream, for consumers such as a SIEM. The log itself is in Postgres: what is committed
 * while Redis is away is missing here and not there.
 */
@Injectable()
export class AuditStream {
  private readonly logger = new Logger(AuditStream.name);

  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  publish(tenantId: string, entry: AuditEntry): void {
    const key = REDIS_KEYS.audit(tenantId);
    const fields = [STREAM_FIELDS.type, entry.action, STREAM_FIELDS.event, JSON.stringify(entry)];
    this.redis
      .multi()
      .xadd(key, 'MAXLEN', '~', AUDIT_STREAM.maxLength, '*', ...fields)
      .expire(key, AUDIT_STREAM.seconds)
      .exec()
      .catch((error: Error) =>
        this.logger.error(`The audit entry ${entry.entry_id} was not published: ${error.message}`),
      );
  }
}
