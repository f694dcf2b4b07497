import { Injectable } from '@nestjs/common';
import type { UserInput } from '@openai/codex-sdk';
import { CodexLauncher } from '../codex-launcher.js';
import { Engine, type EngineEvent, type PromptRun, type RunningTurn } from '../port/engine.js';
import { ONE_WAY, oneWayTurn } from '../port/one-way-turn.js';
import { turnText } from '../port/turn-text.js';
import { execCodex } from './codex-exec.js';
import { toEngineEvent } from './sdk-event.js';

/** Drives Codex through @openai/codex-sdk: one `codex exec` process per turn, which reads the prompt and prints events. */
@Injectable()
export class SdkEngine extends Engine<PromptRun> {
  readonly capabilities = ONE_WAY;

  constructor(private readonly launcher: CodexLauncher) {
    super();
  }

  startTurn(run: PromptRun): RunningTurn {
    return oneWayTurn('sdk', (signal) => this.events(run, signal));
  }

  private async *events(run: PromptRun, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const { thread, model } = run;
    const launch = await this.launcher.prepareLaunch(run);
    const { sandboxMode } = launch;
    const input = inputOf(run, launch.images);
    for await (const event of execCodex({ launch, thread, model, sandboxMode, input }, signal)) {
      const translated = toEngineEvent(event, thread.paths.repo, run.secrets.redactor);
      if (translated !== null) yield translated;
    }
  }
}

/** @param images where Codex finds them */
const inputOf = (run: PromptRun, images: readonly string[]): UserInput[] => [
  { type: 'text', text: turnText(run) },
  ...images.map((path) => ({ type: 'local_image' as const, path })),
];
