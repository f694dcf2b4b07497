import { Module } from '@nestjs/common';
import { AppServerEngine } from './app-server/app-server.engine.js';
import { AppServerConversations } from './app-server/conversations.js';
import { CodexLauncher } from './codex-launcher.js';
import { Engines } from './engines.js';
import { Conversations } from './port/conversations.js';
import { CheckEngine } from './script/check.engine.js';
import { EditEngine } from './script/edit.engine.js';
import { ScriptEngine } from './script/script.engine.js';
import { UpkeepScripts } from './script/upkeep-scripts.js';
import { ProposalEngine } from './sdk/proposal.engine.js';
import { SdkEngine } from './sdk/sdk.engine.js';

@Module({
  providers: [
    CodexLauncher,
    AppServerEngine,
    SdkEngine,
    EditEngine,
    ProposalEngine,
    ScriptEngine,
    CheckEngine,
    UpkeepScripts,
    Engines,
    { provide: Conversations, useClass: AppServerConversations },
  ],
  exports: [Engines, Conversations, UpkeepScripts],
})
export class EngineModule {}
