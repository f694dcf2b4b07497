import { startService } from '@saas-codex/platform/service';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';

/** Starts the backend; it listens when the promise resolves. */
export const startBackend = (config: Config) =>
  startService({
    name: 'backend',
    config,
    module: AppModule.with(config),
    configure: (app) => {
      app.useBodyParser('json', { limit: '1mb' });
    },
  });
