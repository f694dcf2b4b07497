import type { EventData } from '@saas-codex/contracts/events';
import type { Network } from '@saas-codex/contracts/network';
import type { ModelAccess } from '../../model-proxy/model-access.js';
import type { RunSecrets } from '../../redaction/run-secrets.js';
import type { Thread } from '../../threads/thread-store.js';
import type { RunInput } from '@saas-codex/contracts/runs';

/*
 * How the runner drives what works on a run. Nothing outside of an adapter's folder knows the types of its protocol.
 *
 *     runs ──startTurn(run)──────────────► RunningTurn ──events──► our own events and items
 *          ──steer, interrupt, answer────►     │
 *                                              └── a process in the jail: Codex, or a script
 */

/** What an engine can do besides working on a turn and ending it. */
export interface EngineCapabilities {
  /** Takes further messages while a turn is running. */
  steer: boolean;
  /** What an interrupt ends: the turn, which the engine then completes, or the process that works on it. */
  interrupt: 'turn' | 'process';
  /** Asks for approval and waits for the answer. */
  approvals: boolean;
  /** Text of messages and reasoning arrives as `item.delta`. Otherwise the model proxy reads it from the model's answers. */
  deltas: boolean;
}

/** A run and all that is needed to work on it. */
export type EngineRun = PromptRun | SetupRun;

interface RunContext {
  runId: string;
  /** With a `codexThreadId` the conversation continues. Without one a new one starts; `thread.started` names it. */
  thread: Thread;
  /** What the run's commands may reach. */
  network: Network;
  /** PEM of the certificate authorities beyond the system's that the commands must trust; null: none. */
  authorities: string | null;
  secrets: RunSecrets;
}

export interface PromptRun extends RunContext {
  input: Extract<RunInput, { kind: 'prompt' }>;
  /** null: Codex's own default. */
  model: string | null;
  access: Pick<ModelAccess, 'baseUrl' | 'token'>;
  /** Whether Codex starts what the repository's `.codex` folder names. */
  trustRepository: boolean;
}

export interface SetupRun extends RunContext {
  input: Extract<RunInput, { kind: 'setup' }>;
}

export const isPromptRun = (run: EngineRun): run is PromptRun => run.input.kind === 'prompt';

type LoggedEventType =
  | 'thread.started'
  | 'turn.started'
  | 'turn.completed'
  | 'turn.failed'
  | 'item.started'
  | 'item.updated'
  | 'item.delta'
  | 'item.completed'
  | 'error';

/** Events of the run's log, and one that is not logged: the end of a setup script. */
export type EngineEvent =
  | { [T in LoggedEventType]: { type: T; data: EventData<T> } }[LoggedEventType]
  /** `failure` is a sentence for a person; null: the script succeeded. */
  | { type: 'script.ended'; data: { failure: string | null } };

/** A further message for a running turn. The engine delivers the same `messageId` at most once. */
interface SteerMessage {
  messageId: string;
  prompt: string;
}

type ApprovalDecision = 'accept' | 'accept_for_session' | 'decline' | 'cancel';

export interface RunningTurn {
  /**
   * To be read once, from the start on: the work begins with the first read. The last event is `turn.completed`,
   * `turn.failed` or `script.ended`.
   * @throws OutputLimitError
   * @throws Error when the program could not be started, was interrupted or exited by itself
   */
  readonly events: AsyncIterable<EngineEvent>;
  /** @throws UnsupportedByEngineError */
  steer(message: SteerMessage): Promise<void>;
  /** Ends the turn, also before it has begun. The jail ends what the agent's commands have started. */
  interrupt(): void;
  /**
   * Answers a question of the turn.
   * @param requestId as the event that asked names it
   * @throws UnsupportedByEngineError
   */
  answer(requestId: string, decision: ApprovalDecision): Promise<void>;
}

export abstract class Engine<R extends EngineRun = EngineRun> {
  abstract readonly capabilities: EngineCapabilities;

  abstract startTurn(run: R): RunningTurn;
}

/** The program printed a line without end and was killed. */
export class OutputLimitError extends Error {
  override readonly name = 'OutputLimitError';
}

/** The engine lacks the capability that a call needs. */
export class UnsupportedByEngineError extends Error {
  override readonly name = 'UnsupportedByEngineError';

  constructor(
    readonly engine: string,
    readonly capability: 'steer' | 'approvals',
  ) {
    super(`The engine “${engine}” does not support “${capability}”.`);
  }
}
