import { Transport } from '@nestjs/microservices';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { startService } from '@saas-codex/platform/service';
import { AppModule } from './app.module.js';
import { requireServiceCredential } from './auth/service-credential.js';
import type { Config } from './config.js';
import { probeSandbox } from './jail/probe-sandbox.js';
import { transportOptions } from './redis/redis-options.js';

/** A prompt of 100,000 characters, however they are escaped. */
const BODY_LIMIT = '1mb';

/** @throws ConfigError when the machine cannot do what the settings ask for */
export async function startRunner(config: Config): Promise<NestExpressApplication> {
  await probeSandbox(config);
  return startService({
    name: 'runner',
    config,
    module: AppModule.with(config),
    configure: async (app, logger) => {
      if (config.CODEX_SANDBOX === 'danger-full-access') {
        logger.warn(
          'CODEX_SANDBOX=danger-full-access: agents work without a sandbox and can reach this whole machine',
        );
      }
      app.use(requireServiceCredential(config.SERVICE_TOKEN));
      app.useBodyParser('json', { limit: BODY_LIMIT });
      app.connectMicroservice({ transport: Transport.REDIS, options: transportOptions(config.REDIS_URL) });
      await app.startAllMicroservices();
    },
  });
}
