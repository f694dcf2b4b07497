import { Module } from '@nestjs/common';
import { Engines } from './engines.js';
import { ScriptEngine } from './script/script.engine.js';
import { SdkEngine } from './sdk/sdk.engine.js';

@Module({ providers: [SdkEngine, ScriptEngine, Engines], exports: [Engines] })
export class EngineModule {}
