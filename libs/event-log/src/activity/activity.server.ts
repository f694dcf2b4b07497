import { BaseRpcContext, type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { readActivity } from '@saas-codex/contracts/activity';
import { ACTIVITY_CHANNEL } from '@saas-codex/contracts/redis-keys';
import type { Redis } from 'ioredis';

/**
 * Nest's transport for activities: every process gets each activity of every tenant, in the `@EventPattern` handler of its
 * type, from the moment it has subscribed. What is published while the connection is broken is lost, so a handler may only
 * do earlier what would be done anyway.
 */
export class ActivityServer extends Server implements CustomTransportStrategy {
  private readonly subscriber: Redis;

  /** @param redis a connection to the same server; this class opens one of its own, since a subscriber can do nothing else */
  constructor(redis: Redis) {
    super();
    // Without a limit of retries: Redis may be away when the process starts. ioredis subscribes again after each reconnect.
    this.subscriber = redis.duplicate({ lazyConnect: true, maxRetriesPerRequest: null });
    this.subscriber.on('error', (error) => this.logger.debug?.(`activity connection: ${error.message}`));
  }

  /** Does not wait for Redis. */
  listen(callback: () => void): void {
    this.subscriber.on('message', (_channel, json) => void this.receive(json));
    this.subscriber.subscribe(ACTIVITY_CHANNEL).catch(() => undefined);
    callback();
  }

  close(): void {
    this.subscriber.disconnect();
  }

  on(): never {
    throw new Error('The activity transport has no events of its own.');
  }

  unwrap<T>(): T {
    return this.subscriber as T;
  }

  private async receive(json: string): Promise<void> {
    const activity = readActivity(json);
    if (!activity || !this.getHandlerByPattern(activity.type)) return;
    const packet = { pattern: activity.type, data: activity };
    await this.handleEvent(activity.type, packet, new BaseRpcContext([]));
  }
}
