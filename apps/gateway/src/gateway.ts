import { protectApi } from '@saas-codex/service-kit/http/protect-api';
import { startService } from '@saas-codex/service-kit/service';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { hideSharedPages, securityHeaders } from './security/security-headers.js';

/** Starts the gateway. Resolves when it listens. */
export const startGateway = (config: Config) =>
  startService({
    name: 'gateway',
    config,
    module: AppModule.with(config),
    configure: (app) => {
      app.set('trust proxy', config.TRUST_PROXY);
      app.use(securityHeaders(new URL(config.PUBLIC_URL)));
      app.use(hideSharedPages);
      protectApi(app, config);
    },
  });
