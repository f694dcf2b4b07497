import { Module } from '@nestjs/common';
import { AppServerEngine } from './app-server/app-server.engine.js';
import { AppServerConversations } from './app-server/conversations.js';
import { CodexLauncher } from './codex-launcher.js';
import { Engines } from './engines.js';
import { Conversations } from './port/conversations.js';
import { ScriptEngine } from './script/script.engine.js';
import { SdkEngine } from './sdk/sdk.engine.js';

@Module({
  providers: [
    CodexLauncher,
    AppServerEngine,
    SdkEngine,
    ScriptEngine,
    Engines,
    { provide: Conversations, useClass: AppServerConversations },
  ],
  exports: [Engines, Conversations],
})
export class EngineModule {}
