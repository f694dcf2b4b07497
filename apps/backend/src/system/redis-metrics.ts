import { Inject, Injectable } from '@nestjs/common';
import { Metrics } from '@saas-codex/service-kit/metrics/metrics';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis.module.js';

/** How much memory Redis has taken and may take. When it may take no more, it refuses the events of runs. */
@Injectable()
export class RedisMetrics {
  constructor(metrics: Metrics, @Inject(REDIS) redis: Redis) {
    metrics.gauge({
      name: 'redis_memory_bytes',
      help: 'Memory of Redis: taken, and its limit (0: none); the same at every backend',
      labelNames: ['kind'],
      async collect() {
        const info = await redis.info('memory');
        const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
        this.set({ kind: 'used' }, read('used_memory'));
        this.set({ kind: 'limit' }, read('maxmemory'));
      },
    });
  }
}
