import { Injectable } from '@nestjs/common';
import { Jail } from '../../sandbox/jail/jail.js';
import { codexEnvironment, prepareCodexHome } from '../../threads/codex-home.js';
import { GrowingText } from '../growing-text.js';
import { Engine, type EngineEvent, type RunningTurn, type SetupRun } from '../port/engine.js';
import { ONE_WAY, oneWayTurn } from '../port/one-way-turn.js';
import { spawnScript } from './spawn-script.js';

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
    signal.throwIfAborted();
    const item = { id: ITEM_ID, type: 'command_execution', command: script } as const;
    const started = { ...item, aggregated_output: '', status: 'in_progress' };
    yield { type: 'item.started', data: { item: started } };
    let failure = Promise.resolve<string | null>(null);
    const child = await spawnScript(launch, (code) => {
      failure = this.failureOf(runId, code);
      // Processes that the script left behind hold its output open; they end with it.
      void failure.finally(() => this.jail.endRun(runId));
    });
    signal.addEventListener('abort', child.kill);
    if (signal.aborted) child.kill();
    const output = new GrowingText(secrets.redactor);
    try {
      for await (const text of child.output) {
        const live = output.add(text);
        const delta = { item_type: 'command_execution', stream_id: ITEM_ID, text: live } as const;
        if (live) yield { type: 'item.delta', data: delta };
      }
      const code = await child.exited;
      const stderr = child.stderr();
      if (code !== 0 && stderr) throw new Error(`the jail exited with code ${code}: ${stderr}`);
      const completed = {
        ...item,
        aggregated_output: output.end(),
        ...(code !== null && { exit_code: code }),
        status: code === 0 ? 'completed' : 'failed',
      };
      yield { type: 'item.completed', data: { item: completed } };
      yield { type: 'script.ended', data: { failure: await failure } };
    } finally {
      signal.removeEventListener('abort', child.kill);
      child.kill();
    }
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
