import { Injectable } from '@nestjs/common';
import { Jail } from '../../sandbox/jail/jail.js';
import { codexEnvironment, prepareCodexHome } from '../../threads/codex-home.js';
import { Engine, type EngineEvent, type RunningTurn, type SetupRun } from '../port/engine.js';
import { ONE_WAY, oneWayTurn } from '../port/one-way-turn.js';
import { scriptItem } from './script-item.js';

/** Id of the only item. */
const ITEM_ID = 'setup';

/**
 * Runs a session's setup script where the agent's commands run, with the same jail, environment, network and limits. To
 * readers of the log it looks like a turn with one command.
 *
 *     jail ──► script.sh ──► bash -le setup.sh ─stdout and stderr──► item.started, item.delta …, item.completed
 */
@Injectable()
export class ScriptEngine extends Engine<SetupRun> {
  readonly capabilities = ONE_WAY;

  constructor(private readonly jail: Jail) {
    super();
  }

  startTurn(run: SetupRun): RunningTurn {
    return oneWayTurn('script', (signal) => this.events(run, signal));
  }

  private async *events(run: SetupRun, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const { runId, network, authorities, secrets } = run;
    const script = run.input.script.replaceAll('\r\n', '\n');
    const { paths } = run.thread;
    await prepareCodexHome(paths.codexHome);
    const environment = codexEnvironment(paths.codexHome, null);
    const turn = { runId, paths, environment, network, authorities, secrets: secrets.environment };
    const launch = await this.jail.launchScript(turn, script);
    let failure = Promise.resolve<string | null>(null);
    const { redactor } = secrets;
    const onExit = (code: number | null) => {
      failure = this.failureOf(runId, code);
      // Processes that the script left behind hold its output open; they end with it.
      void failure.finally(() => this.jail.endRun(runId));
    };
    yield* scriptItem({ id: ITEM_ID, command: script, launch, redactor, signal, onExit });
    yield { type: 'script.ended', data: { failure: await failure } };
  }

  /** A sentence for a person; null: the script succeeded. */
  private async failureOf(runId: string, code: number | null): Promise<string | null> {
    if (code === 0) return null;
    const limit = await this.jail.exceededLimit(runId, `The setup script exited with code ${code}`);
    if (limit) return limit.sentence;
    return code === null
      ? 'The setup script was killed. Run it again.'
      : `The setup script failed with exit code ${code}. Fix it, or run it again.`;
  }
}
