import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { CodexSandboxJail } from '../jail/codex-sandbox.jail.js';
import { Jail } from '../jail/jail.js';
import { CodexSdkEngine } from './codex-sdk.engine.js';
import { Engine } from './engine.js';

/** Which engine works the turns, and in which jail. */
@Module({
  providers: [
    {
      provide: Jail,
      inject: [CONFIG],
      useFactory: (config: Config) => new CodexSandboxJail(config.CODEX_SANDBOX),
    },
    { provide: Engine, useClass: CodexSdkEngine },
  ],
  exports: [Engine, Jail],
})
export class EngineModule {}
