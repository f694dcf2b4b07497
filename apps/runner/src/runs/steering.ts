import type { SteerCommand } from '@saas-codex/contracts/run-commands';
import type { RunningTurn } from '../engine/port/engine.js';

/**
 * The messages for a run while it works, in the order in which they were sent.
 *
 *     inbox ──add──► waiting, until the turn has started ──► turn.steer ──► steer.taken ──► steer.delivered in the log
 *
 * What is not in the log when the run ends was not delivered: the backend makes a prompt of it. So a message that the engine refuses,
 * or that comes too late, needs nothing here.
 */
export class Steering {
  private readonly messages = new Map<string, SteerCommand>();
  private turn: RunningTurn | null = null;
  private sending: Promise<void> = Promise.resolve();

  add(message: SteerCommand): void {
    if (this.messages.has(message.id)) return;
    this.messages.set(message.id, message);
    if (this.turn !== null) this.send(this.turn, message);
  }

  /** The turn has started, and takes messages. */
  begin(turn: RunningTurn): void {
    if (this.turn !== null) return;
    this.turn = turn;
    for (const message of this.messages.values()) this.send(turn, message);
  }

  /** The agent has been given the message. @returns undefined when it is none of these */
  take(id: string): SteerCommand | undefined {
    return this.messages.get(id);
  }

  private send(turn: RunningTurn, { id, prompt }: SteerCommand): void {
    this.sending = this.sending.then(() => turn.steer({ messageId: id, prompt }).catch(() => undefined));
  }
}
