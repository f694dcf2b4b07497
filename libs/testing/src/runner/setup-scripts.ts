import type { RunEvent } from '@saas-codex/contracts/events';
import { CommandExecutionItem } from '@saas-codex/contracts/items';
import { type Network, NETWORK_OFF } from '@saas-codex/contracts/network';
import { waitFor } from '../wait-for.js';
import type { RunnerProcess } from './runner-process.js';
import { dataOf, type RunnerWorld } from './runner-world.js';

/** Runs setup scripts in one session. */
export class SetupScripts {
  private constructor(
    private readonly world: RunnerWorld,
    readonly runner: RunnerProcess,
    readonly threadId: string,
  ) {}

  /** A session of a runner of its own. */
  static async startRunner(world: RunnerWorld, settings: Record<string, string>): Promise<SetupScripts> {
    return SetupScripts.openSession(world, await world.startRunner(settings));
  }

  /** A new session of a runner that runs already. */
  static async openSession(world: RunnerWorld, runner: RunnerProcess): Promise<SetupScripts> {
    return new SetupScripts(world, runner, await world.createThread(runner));
  }

  /** Starts a script. @returns the run's id */
  async startScript(script: string, network: Network = NETWORK_OFF): Promise<string> {
    const body = { threadId: this.threadId, input: { kind: 'setup', script }, network };
    return String((await this.runner.call('POST', '/runs', body)).body['runId']);
  }

  /** Runs a script to its end. @returns the run's whole log */
  async runScript(script: string, network?: Network, timeoutMs?: number): Promise<RunEvent[]> {
    return this.world.ended(await this.startScript(script, network), timeoutMs);
  }

  /** Runs a script that must succeed. @returns its output */
  async outputOfScript(script: string, network?: Network): Promise<string> {
    const events = await this.runScript(script, network);
    if (events.at(-1)?.type !== 'run.succeeded') throw new Error(JSON.stringify(events.at(-1)));
    return resultOf(events).aggregated_output;
  }

  /** Waits until a text appears in the live output. */
  async waitForOutput(runId: string, text: string): Promise<void> {
    await waitFor(async () => outputOf(await this.world.log(runId)).includes(text), {
      what: `the output ${text}`,
    });
  }
}

/** The live output. */
export const outputOf = (events: RunEvent[]): string =>
  dataOf(events, 'item.delta')
    .map(({ text }) => text)
    .join('');

/** The completed item of the script. */
export const resultOf = (events: RunEvent[]) =>
  CommandExecutionItem.parse(dataOf(events, 'item.completed')[0]?.item);
