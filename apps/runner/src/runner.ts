import type { NestExpressApplication } from '@nestjs/platform-express';
import { acceptJson } from '@saas-codex/service-kit/http/json-bodies';
import { startService } from '@saas-codex/service-kit/service';
import { AppModule } from './app.module.js';
import { requireServiceCredential } from './auth/service-credential.js';
import type { Config } from './config.js';
import { chooseJail } from './sandbox/jail/choose-jail.js';

/** @throws ConfigError when the machine does not support what the settings ask for */
export async function startRunner(config: Config): Promise<NestExpressApplication> {
  const jail = await chooseJail(config);
  return startService({
    name: 'runner',
    config,
    module: AppModule.with(config, jail),
    configure: (app, logger) => {
      if (jail.isolation === 'none') {
        logger.warn('ISOLATION=none: agents work without isolation and can reach this whole machine');
      } else {
        logger.info(`isolation of agents: ${jail.isolation}. ${jail.reason} ${jail.limitsReason}`);
      }
      app.use(requireServiceCredential(config.SERVICE_TOKEN));
      acceptJson(app);
    },
  });
}
