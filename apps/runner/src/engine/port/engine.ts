import type { ApprovalDecision, ApprovalKind, ApprovalMode } from '@saas-codex/contracts/approval-questions';
import type { EventData } from '@saas-codex/contracts/events';
import type { Network } from '@saas-codex/contracts/network';
import type { EngineCapabilities } from '@saas-codex/contracts/system';
import type { ModelAccess } from '../../model-proxy/model-access.js';
import type { RunSecrets } from '../../redaction/run-secrets.js';
import type { Thread } from '../../threads/thread-store.js';
import type { RunInputOf } from '@saas-codex/contracts/runs';

/*
 * How the runner drives what works on a run. Nothing outside of an adapter's folder knows the types of its protocol.
 *
 *     runs ──startTurn(run)──────────────► RunningTurn ──events──► our own events and items
 *          ──steer, interrupt, answer────►     │
 *                                              └── a process in the jail: Codex, or a script
 *
 * An engine may also begin before there is a run (`prepareTurn`). The run that gets the result only has to start its turn.
 */

/** A run and all that is needed to work on it. */
export type EngineRun = CodexRun | ProposalRun | SetupRun | CheckRun | EditRun;

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

/** What Codex needs for a run. */
interface CodexContext extends RunContext {
  /** Files of the prompt's images, in order. */
  images: readonly string[];
  /** What the platform says before the prompt; null: nothing. */
  note: string | null;
  /** null: Codex's own default. */
  model: string | null;
  access: Pick<ModelAccess, 'baseUrl' | 'token'>;
  /** Whether Codex starts what the repository's `.codex` folder names. */
  trustRepository: boolean;
  /** ask: only of an engine that is capable of approvals. */
  approvalMode: ApprovalMode;
  /** What `prepareTurn` has begun in the run's jail; null: nothing. */
  prepared: PreparedTurn | null;
}

/** A run that Codex works on, in the session's conversation. */
export interface CodexRun extends CodexContext {
  input: RunInputOf<'prompt' | 'review' | 'compact'>;
}

/** A question to Codex aside from the conversation. */
export interface ProposalRun extends CodexContext {
  input: RunInputOf<'proposal'>;
}

/** A process that waits for its turn. */
export interface PreparedTurn {
  readonly isAlive: boolean;
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>;
}

export interface PromptRun extends CodexRun {
  input: RunInputOf<'prompt'>;
}

export interface SetupRun extends RunContext {
  input: RunInputOf<'setup'>;
}

/** `input.tree` is what is checked. */
export interface CheckRun extends RunContext {
  input: RunInputOf<'check'> & { tree: string };
}

/** A person's own change of the files. */
export interface EditRun extends RunContext {
  input: RunInputOf<'edit'>;
  /** The files as they are, as a git tree; null: the run was started without it. */
  from: string | null;
}

export const isEditRun = (run: EngineRun): run is EditRun => run.input.kind === 'edit';
export const isProposalRun = (run: EngineRun): run is ProposalRun => run.input.kind === 'proposal';
export const isPromptRun = (run: EngineRun): run is PromptRun => run.input.kind === 'prompt';
export const isSetupRun = (run: EngineRun): run is SetupRun => run.input.kind === 'setup';
export const isCheckRun = (run: EngineRun): run is CheckRun => run.input.kind === 'check';

type LoggedEventType =
  | 'thread.started'
  | 'turn.started'
  | 'turn.completed'
  | 'turn.failed'
  | 'item.started'
  | 'item.updated'
  | 'item.delta'
  | 'item.completed'
  | 'context.updated'
  | 'error';

/** Events of the run's log, and those that whoever drives the engine acts upon. */
export type EngineEvent =
  | { [T in LoggedEventType]: { type: T; data: EventData<T> } }[LoggedEventType]
  /** `failure` is a sentence for a person; null: the script succeeded. */
  | { type: 'script.ended'; data: { failure: string | null } }
  /** The agent has been given this message of `steer`, after everything that came before this event. */
  | { type: 'steer.taken'; data: { messageId: string } }
  /** The turn waits until `answer` is called. */
  | { type: 'approval.requested'; data: ApprovalRequest };

/** A further message for a running turn. The engine delivers the same `messageId` at most once. */
export interface SteerMessage {
  messageId: string;
  prompt: string;
}

/** What an agent may do only if a person agrees. */
export interface ApprovalRequest {
  /** Names it within the run. */
  requestId: string;
  kind: ApprovalKind;
  /** Of the command or the file change, which has started. */
  itemId: string;
  /** null: not a command, or one without a text. */
  command: string | null;
  /** Why the agent asks; null: it does not say. */
  reason: string | null;
  /** The answers that are possible. */
  decisions: ApprovalDecision[];
}

export interface RunningTurn {
  /**
   * To be read once, from the start on: the work begins with the first read. The last event is `turn.completed`,
   * `turn.failed` or `script.ended`.
   * @throws OutputLimitError
   * @throws Error when the program could not be started, was interrupted or exited by itself
   */
  readonly events: AsyncIterable<EngineEvent>;
  /**
   * Resolves when the engine has the message; `steer.taken` follows unless the turn ends first.
   * @throws UnsupportedByEngineError
   * @throws TurnNotActiveError
   */
  steer(message: SteerMessage): Promise<void>;
  /**
   * Ends the turn, also before it has begun. Resolves, soon in any case, when the engine has done what it can. The jail ends
   * what the agent's commands have started.
   */
  interrupt(): Promise<void>;
  /**
   * Answers a question of the turn.
   * @param requestId as the event that asked names it
   * @throws UnsupportedByEngineError
   * @throws TurnNotActiveError when the question is no longer open
   */
  answer(requestId: string, decision: ApprovalDecision): Promise<void>;
}

export abstract class Engine<R extends EngineRun = EngineRun> {
  abstract readonly capabilities: EngineCapabilities;

  abstract startTurn(run: R): RunningTurn;

  /**
   * Does what can be done before the run exists: `run` has its settings, the id of a jail instead of its own, and no prompt.
   * Whoever calls this ends the jail, unless a run takes it over.
   * @returns null when this engine cannot
   * @throws Error when the process cannot be started or exits
   */
  prepareTurn(_run: R): Promise<PreparedTurn> | null {
    return null;
  }
}

/** The turn has not begun, or has ended, or no longer waits for an answer. */
export class TurnNotActiveError extends Error {
  override readonly name = 'TurnNotActiveError';
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
    readonly capability: keyof EngineCapabilities,
  ) {
    super(`The engine “${engine}” does not support “${capability}”.`);
  }
}
