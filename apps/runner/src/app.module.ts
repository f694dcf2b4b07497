import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Module } from '@nestjs/common';
import { REDIS_KEYS } from '@saas-codex/contracts/redis-keys';
import { MetricsModule } from '@saas-codex/service-kit/metrics/metrics.module';
import { TracingModule } from '@saas-codex/service-kit/tracing/tracing.module';
import { CONFIG, type Config } from './config.js';
import { Jail } from './sandbox/jail/jail.js';
import { ModelProxyModule } from './model-proxy/model-proxy.module.js';
import { RedisModule, redisOptions } from './redis/redis.module.js';
import { RewindModule } from './rewind/rewind.module.js';
import { RunsModule } from './runs/runs.module.js';
import { SystemModule } from './system/system.module.js';
import { ThreadsModule } from './threads/threads.module.js';

@Module({})
export class AppModule {
  static with(config: Config, jail: Jail): DynamicModule {
    return {
      module: AppModule,
      global: true,
      imports: [
        BullModule.forRoot({
          connection: { ...redisOptions(config.REDIS_URL), maxRetriesPerRequest: null },
          prefix: REDIS_KEYS.queuePrefix,
        }),
        MetricsModule.with(config),
        TracingModule.with('runner', config),
        { ...ModelProxyModule.with(config), global: true },
        RedisModule,
        RewindModule,
        RunsModule,
        SystemModule,
        ThreadsModule,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Jail, useValue: jail },
      ],
      exports: [CONFIG, Jail],
    };
  }
}
