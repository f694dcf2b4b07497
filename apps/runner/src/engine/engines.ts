import { Inject, Injectable } from '@nestjs/common';
import type { EngineCapabilities } from '@saas-codex/contracts/system';
import { CONFIG, type Config } from '../config.js';
import { AppServerEngine } from './app-server/app-server.engine.js';
import {
  type Engine,
  type EngineRun,
  isPromptRun,
  type PreparedTurn,
  type PromptRun,
  type RunningTurn,
} from './port/engine.js';
import { ScriptEngine } from './script/script.engine.js';
import { SdkEngine } from './sdk/sdk.engine.js';

/** Codex works on prompts, driven as the operator has chosen, and a shell on setup scripts. */
@Injectable()
export class Engines {
  private readonly codex: Engine<PromptRun>;

  constructor(
    @Inject(CONFIG) { ENGINE }: Config,
    appServer: AppServerEngine,
    sdk: SdkEngine,
    private readonly scripts: ScriptEngine,
  ) {
    this.codex = ENGINE === 'sdk' ? sdk : appServer;
  }

  /** Of the engine that works on prompts. */
  get capabilities(): EngineCapabilities {
    return this.codex.capabilities;
  }

  startTurn(run: EngineRun): RunningTurn {
    return isPromptRun(run) ? this.codex.startTurn(run) : this.scripts.startTurn(run);
  }

  prepareTurn(run: PromptRun): Promise<PreparedTurn> | null {
    return this.codex.prepareTurn(run);
  }
}
