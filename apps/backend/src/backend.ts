import { startService } from '@saas-codex/platform/service';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { describeApi } from './openapi/openapi-document.js';
import { BODY_LIMIT, requireJson } from './request-bodies.js';

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
