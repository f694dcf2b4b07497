import { Injectable } from '@nestjs/common';
import { Jail } from '../../sandbox/jail/jail.js';
import { prepareCodexHome } from '../../threads/codex-home.js';
import { codexEnvironment } from '../codex-environment.js';
import { Engine, type EngineEvent, type SetupTurn } from '../engine.js';
import { startProgram } from './program.js';
import { SetupOutput } from './setup-output.js';

/** Of the one item of a setup. */
const ITEM_ID = 'setup';

/**
 * Runs a session's setup script where the agent's commands run, with what they have: the same jail, environment, network
 * and limits. It looks like a turn of one command.
 *
 *     jail ──► script.sh ──► bash -e setup.sh ──stdout and stderr──► item.started, item.delta …, item.completed
 */
@Injectable()
export class SetupEngine extends Engine<SetupTurn> {
  constructor(private readonly jail: Jail) {
    super();
  }

  async *run(turn: SetupTurn): AsyncGenerator<EngineEvent> {
    const { runId, script, network, authority, signal } = turn;
    const { paths } = turn.thread;
    await prepareCodexHome(paths.codexHome);
    const environment = codexEnvironment(paths.codexHome, null);
    const jailed = { runId, paths, environment, network, authority };
    const launch = await this.jail.launchScript(jailed, script);
    signal.throwIfAborted();
    const item = { id: ITEM_ID, type: 'command_execution', command: script } as const;
    yield { type: 'item.started', item: { ...item, aggregated_output: '', status: 'in_progress' } };
    let reason = Promise.resolve<string | null>(null);
    const program = await startProgram(launch, (code) => {
      reason = this.reasonOf(runId, code);
      // What the script has left behind goes with it: whoever holds its output keeps it from ending.
      void reason.finally(() => this.jail.end(runId));
    });
    signal.addEventListener('abort', program.kill);
    if (signal.aborted) program.kill();
    const output = new SetupOutput();
    try {
      for await (const text of program.output) {
        const shown = output.add(text);
        if (shown) yield { type: 'output.grown', itemId: ITEM_ID, text: shown };
      }
      const code = await program.exited;
      const complaint = program.complaint();
      if (code !== 0 && complaint) throw new Error(`the jail exited with code ${code}: ${complaint}`);
      yield {
        type: 'item.completed',
        item: {
          ...item,
          aggregated_output: output.toString(),
          ...(code !== null && { exit_code: code }),
          status: code === 0 ? 'completed' : 'failed',
        },
      };
      yield { type: 'setup.ended', failure: await reason };
    } finally {
      signal.removeEventListener('abort', program.kill);
      program.kill();
    }
  }

  /** @returns why it failed; null: it did not */
  private async reasonOf(runId: string, code: number | null): Promise<string | null> {
    if (code === 0) return null;
    const limit = await this.jail.limitBehind(runId, `The setup script exited with code ${code}`);
    if (limit) return limit.sentence;
    return code === null
      ? 'The setup script was killed. Run it again.'
      : `The setup script ended with exit code ${code}. Mend it, or run it again.`;
  }
}
