import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Activity } from '@saas-codex/contracts/activity';
import { publishActivity } from '@saas-codex/event-log/activity/publish-activity';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis.module.js';

/**
 * Tells what happened, once it is committed. Nobody waits for it: an answer does not depend on Redis, and what a
 * reader misses while Redis is away, it sees when it asks again.
 */
@Injectable()
export class ActivityPublisher {
  private readonly logger = new Logger(ActivityPublisher.name);

  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  publish(activity: Activity): void {
    publishActivity(this.redis, activity).catch((error: Error) =>
      this.logger.error(
        `${activity.type} of session ${activity.session_id} was not published: ${error.message}`,
      ),
    );
  }
}
