import type { ThreadEvent } from '@openai/codex-sdk';
import type { Network } from '@saas-codex/contracts/network';
import type { ModelAccess } from '../model-proxy/model-access.js';
import type { Thread } from '../threads/thread-store.js';

/** One run, and all that is needed to work on it. */
export type Turn = PromptTurn | SetupTurn;

interface AnyTurn {
  runId: string;
  /** With a `codexThreadId`, the conversation goes on; without, a new one starts and is named by `thread.started`. */
  thread: Thread;
  /** What the run's commands may reach. */
  network: Network;
  /** PEM of an authority that the commands have to trust for it; null: none. */
  authority: string | null;
  /** Aborting it ends Codex or the script; what that has started is the jail's to end. */
  signal: AbortSignal;
}

export interface PromptTurn extends AnyTurn {
  kind: 'prompt';
  prompt: string;
  /** null: Codex's own default. */
  model: string | null;
  access: Pick<ModelAccess, 'baseUrl' | 'token'>;
}

export interface SetupTurn extends AnyTurn {
  kind: 'setup';
  script: string;
}

/** Codex's own events, and of a setup what Codex has none for. */
export type EngineEvent =
  | ThreadEvent
  /** What a command has printed since the last time. */
  | { type: 'output.grown'; itemId: string; text: string }
  /** `failure` is a sentence for a person; null: the script has succeeded. */
  | { type: 'setup.ended'; failure: string | null };

/** The program has printed what nobody can take: a line without end. It was ended. */
export class TooMuchOutputError extends Error {
  override readonly name = 'TooMuchOutputError';
}

/** How a turn is worked. */
export abstract class Engine<T extends Turn = Turn> {
  /**
   * Works one turn. The last event is `turn.completed`, `turn.failed` or `setup.ended`.
   * @throws TooMuchOutputError
   * @throws Error when the program could not be started, was aborted or ended by itself
   */
  abstract run(turn: T): AsyncIterable<EngineEvent>;
}
