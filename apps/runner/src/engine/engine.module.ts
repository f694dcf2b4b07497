import { Module } from '@nestjs/common';
import { CodexSdkEngine } from './codex-sdk.engine.js';
import { Engine } from './engine.js';

/** Which engine works the turns. */
@Module({ providers: [{ provide: Engine, useClass: CodexSdkEngine }], exports: [Engine] })
export class EngineModule {}
