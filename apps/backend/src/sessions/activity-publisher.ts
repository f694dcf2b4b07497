import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Activity } from '@saas-codex/contracts/activity';
import { publishActivity } from '@saas-codex/event-log/activity/activity-stream';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis.module.js';

/**
 * Publishes what happened, after it was committed. No request waits for it: an answer does not depend on Redis, and a
 * reader that misses an activity while Redis is away sees its result when it asks the API again.
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
