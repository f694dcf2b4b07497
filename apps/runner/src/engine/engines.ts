import { Inject, Injectable } from '@nestjs/common';
import type { RunKind } from '@saas-codex/contracts/runs';
import type { EngineCapabilities } from '@saas-codex/contracts/system';
import { CONFIG, type Config } from '../config.js';
import { AppServerEngine } from './app-server/app-server.engine.js';
import {
  type Engine,
  type EngineRun,
  isCheckRun,
  isEditRun,
  isProposalRun,
  isPromptRun,
  isSetupRun,
  type PreparedTurn,
  type PromptRun,
  type RunningTurn,
} from './port/engine.js';
import { CheckEngine } from './script/check.engine.js';
import { EditEngine } from './script/edit.engine.js';
import { ScriptEngine } from './script/script.engine.js';
import { ProposalEngine } from './sdk/proposal.engine.js';
import { SdkEngine } from './sdk/sdk.engine.js';

/** What an engine must be able to do for such a run, besides working on a prompt. */
const NEEDED: Partial<Record<RunKind, keyof EngineCapabilities>> = { review: 'reviews', compact: 'compact' };

/**
 * Codex works on prompts, reviews and compactions, driven as the operator has chosen, and on proposals through its SDK; a shell
 * works on setup scripts and checks, and git on edits.
 */
@Injectable()
export class Engines {
  private readonly engine: Config['ENGINE'];
  private readonly codex: Engine<PromptRun>;

  constructor(
    @Inject(CONFIG) { ENGINE }: Config,
    private readonly appServer: AppServerEngine,
    sdk: SdkEngine,
    private readonly scripts: ScriptEngine,
    private readonly checks: CheckEngine,
    private readonly edits: EditEngine,
    private readonly proposals: ProposalEngine,
  ) {
    this.engine = ENGINE;
    this.codex = ENGINE === 'sdk' ? sdk : appServer;
  }

  /** Of the engine that works on prompts. */
  get capabilities(): EngineCapabilities {
    return this.codex.capabilities;
  }

  /** Why a run of this kind is not possible here, and what to do; null: it is possible. */
  problemWith(kind: RunKind): string | null {
    if (kind === 'check') return this.checks.problem;
    const needed = NEEDED[kind];
    return needed === undefined || this.capabilities[needed]
      ? null
      : `The engine “${this.engine}” cannot do this. Ask the operator for ENGINE=app-server.`;
  }

  /** To be called only where `problemWith` names no problem. */
  startTurn(run: EngineRun): RunningTurn {
    if (isEditRun(run)) return this.edits.startTurn(run);
    if (isSetupRun(run)) return this.scripts.startTurn(run);
    if (isCheckRun(run)) return this.checks.startTurn(run);
    if (isProposalRun(run)) return this.proposals.startTurn(run);
    if (isPromptRun(run)) return this.codex.startTurn(run);
    return this.appServer.startTurn(run);
  }

  prepareTurn(run: PromptRun): Promise<PreparedTurn> | null {
    return this.codex.prepareTurn(run);
  }
}
