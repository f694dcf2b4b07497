import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { connectRedis } from '@saas-codex/service-kit/redis';
import { Redis } from 'ioredis';
import { CONFIG, type Config } from '../config.js';

/** Closes the connection after everything that writes through it has ended. */
@Injectable()
class RedisConnection implements OnApplicationShutdown {
  constructor(private readonly redis: Redis) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

/** One connection for short commands, shared by the whole process. */
@Global()
@Module({
  providers: [
    {
      provide: Redis,
      inject: [CONFIG],
      useFactory: (config: Config) => connectRedis(config.REDIS_URL),
    },
    RedisConnection,
  ],
  exports: [Redis],
})
export class RedisModule {}

interface RedisAddress {
  host: string;
  port: number;
  db: number;
  username?: string;
  password?: string;
  tls?: object;
}

/** A Redis address as options, for libraries that make connections of their own. */
export function redisOptions(address: string): RedisAddress {
  const url = new URL(address);
  return {
    host: url.hostname,
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1) || 0),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  };
}
