import type { RunEvent } from '@saas-codex/contracts/events';
import { CommandExecutionItem } from '@saas-codex/contracts/items';
import { type Network, NETWORK_OFF } from '@saas-codex/contracts/network';
import { waitFor } from '../wait-for.js';
import type { RunnerProcess } from './runner-process.js';
import { dataOf, type RunnerWorld } from './runner-world.js';

/** A runner with one session in which setup scripts run. */
export class Setups {
  private constructor(
    private readonly world: RunnerWorld,
    readonly runner: RunnerProcess,
    readonly threadId: string,
  ) {}

  static async on(world: RunnerWorld, settings: Record<string, string>): Promise<Setups> {
    const runner = await world.startRunner(settings);
    return new Setups(world, runner, await world.createThread(runner));
  }

  /** Starts a script. @returns the run's id */
  async start(script: string, network: Network = NETWORK_OFF): Promise<string> {
    const body = { threadId: this.threadId, input: { kind: 'setup', script }, network };
    return String((await this.runner.call('POST', '/runs', body)).body['runId']);
  }

  /** Runs a script. @returns its whole log */
  async ended(script: string, network?: Network, timeoutMs?: number): Promise<RunEvent[]> {
    return this.world.ended(await this.start(script, network), timeoutMs);
  }

  /** Runs a script that must succeed. @returns what it printed */
  async printed(script: string, network?: Network): Promise<string> {
    const events = await this.ended(script, network);
    if (events.at(-1)?.type !== 'run.succeeded') throw new Error(JSON.stringify(events.at(-1)));
    return resultOf(events).aggregated_output;
  }

  /** Waits until a text appears in the live output. */
  async shows(runId: string, text: string): Promise<void> {
    await waitFor(async () => outputOf(await this.world.log(runId)).includes(text), {
      what: `${text} to be shown`,
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
