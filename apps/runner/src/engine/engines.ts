import { Injectable } from '@nestjs/common';
import { type EngineRun, isPromptRun, type RunningTurn } from './port/engine.js';
import { ScriptEngine } from './script/script.engine.js';
import { SdkEngine } from './sdk/sdk.engine.js';

/** Codex works on prompts, a shell on setup scripts. */
@Injectable()
export class Engines {
  constructor(
    private readonly codex: SdkEngine,
    private readonly scripts: ScriptEngine,
  ) {}

  startTurn(run: EngineRun): RunningTurn {
    return isPromptRun(run) ? this.codex.startTurn(run) : this.scripts.startTurn(run);
  }
}
