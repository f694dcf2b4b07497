import { ActivityServer } from '@saas-codex/event-log/activity/activity.server';
import { startService } from '@saas-codex/service-kit/service';
import type { Redis } from 'ioredis';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { describeApi } from './api/openapi/openapi-document.js';
import { BODY_LIMIT, requireJson } from './api/request-bodies.js';
import { REDIS } from './redis.module.js';

/** Starts the backend; it listens when the promise resolves. */
export const startBackend = (config: Config) =>
  startService({
    name: 'backend',
    config,
    module: AppModule.with(config),
    configure: async (app) => {
      app.use(requireJson);
      app.useBodyParser('json', { limit: BODY_LIMIT });
      describeApi(app);
      app.connectMicroservice({ strategy: new ActivityServer(app.get<Redis>(REDIS)) });
      // Only now may activities come in: their handlers need what the modules set up first.
      await app.init();
      await app.startAllMicroservices();
    },
  });
