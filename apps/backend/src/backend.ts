import { startService } from '@saas-codex/service-kit/service';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { describeApi } from './api/openapi/openapi-document.js';
import { BODY_LIMIT, requireJson } from './api/request-bodies.js';

/** Starts the backend; it listens when the promise resolves. */
export const startBackend = (config: Config) =>
  startService({
    name: 'backend',
    config,
    module: AppModule.with(config),
    configure: (app) => {
      app.use(requireJson);
      app.useBodyParser('json', { limit: BODY_LIMIT });
      describeApi(app);
    },
  });
