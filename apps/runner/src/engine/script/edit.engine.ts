import { Injectable } from '@nestjs/common';
import { type EditRun, Engine, type EngineEvent, type RunningTurn } from '../port/engine.js';
import { ONE_WAY, oneWayTurn } from '../port/one-way-turn.js';
import { OCCUPIED, UpkeepScripts } from './upkeep-scripts.js';

/** Brings the work tree to what a person has made of it. The backend has computed that tree, and records the result. */
@Injectable()
export class EditEngine extends Engine<EditRun> {
  readonly capabilities = ONE_WAY;

  constructor(private readonly scripts: UpkeepScripts) {
    super();
  }

  startTurn(run: EditRun): RunningTurn {
    return oneWayTurn('edit', (signal) => this.events(run, signal));
  }

  private async *events(run: EditRun, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const { runId, thread, from, input } = run;
    signal.throwIfAborted();
    if (from === null || input.target === undefined) throw new Error('an edit needs both trees');
    const restore = { from, to: input.target, head: null };
    const code = await this.scripts.restoreFiles({ runId, paths: thread.paths }, restore, {
      mayReplaceIgnored: false,
      signal,
    });
    signal.throwIfAborted();
    yield { type: 'script.ended', data: { failure: failureOf(code) } };
  }
}

function failureOf(code: number | null): string | null {
  switch (code) {
    case 0:
      return null;
    case OCCUPIED:
      return 'An ignored file is where a new file is to be, and it would be lost. Ask Codex to move it, then try again.';
    default:
      return 'Something in the work tree cannot be replaced, or the disk is full. Ask Codex to remove what is not needed, then try again.';
  }
}
