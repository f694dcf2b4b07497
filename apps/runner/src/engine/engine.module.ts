import { Module } from '@nestjs/common';
import { CodexSdkEngine } from './codex-sdk.engine.js';
import { EngineByKind } from './engine-by-kind.js';
import { Engine } from './engine.js';
import { SetupEngine } from './setup/setup.engine.js';

@Module({
  providers: [CodexSdkEngine, SetupEngine, { provide: Engine, useClass: EngineByKind }],
  exports: [Engine],
})
export class EngineModule {}
