import { Injectable } from '@nestjs/common';
import { CodexSdkEngine } from './codex-sdk.engine.js';
import { Engine, type EngineEvent, type Turn } from './engine.js';
import { SetupEngine } from './setup/setup.engine.js';

/** Prompts are for Codex, setup scripts for a shell. */
@Injectable()
export class EngineByKind extends Engine {
  constructor(
    private readonly codex: CodexSdkEngine,
    private readonly setups: SetupEngine,
  ) {
    super();
  }

  run(turn: Turn): AsyncIterable<EngineEvent> {
    return turn.kind === 'setup' ? this.setups.run(turn) : this.codex.run(turn);
  }
}
