import type { ThreadEvent } from '@openai/codex-sdk';
import type { Network } from '@saas-codex/contracts/network';
import type { RunKind } from '@saas-codex/contracts/runs';
import type { ModelAccess } from '../model-proxy/model-access.js';
import type { Thread } from '../threads/thread-store.js';

/** One run, and all that is needed to work on it. */
export interface Turn {
  runId: string;
  kind: RunKind;
  /** Of a setup: its script. */
  prompt: string;
  /** What the run's commands may reach. */
  network: Network;
  /** PEM of an authority that the commands have to trust for it; null: none. */
  authority: string | null;
  /** With a `codexThreadId`, the conversation goes on; without, a new one starts and is named by `thread.started`. */
  thread: Thread;
  /** null: Codex's own default. */
  model: string | null;
  access: Pick<ModelAccess, 'baseUrl' | 'token'>;
  /** Aborting it ends Codex; what Codex has started is the jail's to end. */
  signal: AbortSignal;
}

/** How Codex is driven. */
export abstract class Engine {
  /**
   * Works one turn. The events are Codex's own; the last one is `turn.completed` or `turn.failed`.
   * @throws Error when Codex could not be started, was aborted or ended by itself
   */
  abstract run(turn: Turn): AsyncIterable<ThreadEvent>;
}
