import { startService } from '@saas-codex/platform/service';
import type { Redis } from 'ioredis';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { activityTransport } from './events/activity-transport.js';
import { REDIS } from './redis.module.js';

/** Starts the backend; it listens when the promise resolves. */
export const startBackend = (config: Config) =>
  startService({
    name: 'backend',
    config,
    module: AppModule.with(config),
    configure: async (app) => {
      app.useBodyParser('json', { limit: '1mb' });
      app.connectMicroservice({ strategy: activityTransport(app.get<Redis>(REDIS)) });
      // Only now may activities come in: their handlers need what the modules set up first.
      await app.init();
      await app.startAllMicroservices();
    },
  });
