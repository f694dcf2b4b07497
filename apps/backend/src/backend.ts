import { ActivityServer } from '@saas-codex/event-log/activity/activity.server';
import { ConfigError } from '@saas-codex/service-kit/config';
import { isImageUpload } from '@saas-codex/contracts/images';
import { entityTag } from '@saas-codex/service-kit/http/entity-tag';
import { recogniseGateway } from '@saas-codex/service-kit/http/gateway-mark';
import { acceptJson } from '@saas-codex/service-kit/http/json-bodies';
import { protectApi } from '@saas-codex/service-kit/http/protect-api';
import { startService } from '@saas-codex/service-kit/service';
import type { Redis } from 'ioredis';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { routeShared } from './identity/share-path.js';
import { OpenApiDocument } from './api/openapi/openapi-document.js';
import { REDIS } from './redis.module.js';

/** Starts the backend; it listens when the promise resolves. @throws ConfigError */
export async function startBackend(config: Config) {
  if (config.SIGN_UP === 'open' && config.SMTP_URL === undefined) {
    throw new ConfigError(
      'SIGN_UP is open, so SMTP_URL must be set: new people prove their address by mail.',
    );
  }
  return startService({
    name: 'backend',
    config,
    module: AppModule.with(config),
    configure: async (app) => {
      app.set('etag', entityTag);
      app.use(recogniseGateway(config.REDIS_URL));
      protectApi(app, config);
      app.use(routeShared);
      acceptJson(app, isImageUpload);
      app.get(OpenApiDocument).describe(app);
      app.connectMicroservice({ strategy: new ActivityServer(app.get<Redis>(REDIS)) });
      // Only now may activities come in: their handlers need what the modules set up first.
      await app.init();
      await app.startAllMicroservices();
    },
  });
}
