import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { connectRedis } from '@saas-codex/service-kit/redis';
import type { Redis } from 'ioredis';
import { CONFIG, type Config } from './config.js';

/** Injection token of the backend's Redis connection for commands that do not block. */
export const REDIS = Symbol('backend redis');

@Global()
@Module({
  providers: [
    { provide: REDIS, inject: [CONFIG], useFactory: (config: Config) => connectRedis(config.REDIS_URL) },
  ],
  exports: [REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  async onApplicationShutdown(): Promise<void> {
    // QUIT lets the commands before it finish; without a server there is nothing to wait for.
    if (this.redis.status === 'ready') await this.redis.quit();
    else this.redis.disconnect();
  }
}
