import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { ApprovalDecision, ApprovalMode } from '@saas-codex/contracts/approval-questions';
import { CodexLauncher } from '../codex-launcher.js';
import {
  Engine,
  type EngineEvent,
  type PreparedTurn,
  type PromptRun,
  type RunningTurn,
  type SteerMessage,
  TurnNotActiveError,
} from '../port/engine.js';
import { type AppServerClient, AppServerRefusal } from './app-server.client.js';
import { Approvals } from './approvals.js';
import { messageIdOf } from './conversations.js';
import type { Notification, Question } from './messages.js';
import { openThread, PreparedCodex, startCodex } from './open-thread.js';
import { TurnTranslator } from './turn-translator.js';

/** How long an interrupted turn may take to end by itself, so that Codex remembers that it was. Usually it takes 10 to 60 ms. */
const INTERRUPT_TIMEOUT_MS = 500;

/**
 * Drives Codex through `codex app-server`: one process per turn, which is told what to do and reports what happens.
 *
 *     initialize ► thread/start | thread/resume ► turn/start ─── notifications ───► our events
 *                                    turn/steer, turn/interrupt, answers ──►│
 *
 * `prepareTurn` goes as far as the thread; its turn begins with `turn/start`.
 */
@Injectable()
export class AppServerEngine extends Engine<PromptRun> {
  readonly capabilities = { steer: true, approvals: true, deltas: true };

  constructor(private readonly launcher: CodexLauncher) {
    super();
  }

  startTurn(run: PromptRun): RunningTurn {
    return new AppServerTurn(this.launcher, run);
  }

  override async prepareTurn(run: PromptRun): Promise<PreparedTurn> {
    const { client } = await startCodex(this.launcher, run);
    try {
      return new PreparedCodex(client, await openThread(client, run));
    } catch (error) {
      client.kill();
      throw error;
    }
  }
}

class AppServerTurn implements RunningTurn {
  readonly events: AsyncIterable<EngineEvent>;
  private readonly logger = new Logger(AppServerTurn.name);
  private readonly interruption = new AbortController();
  private readonly steered = new Set<string>();
  private readonly approvals = new Approvals();
  private client: AppServerClient | null = null;
  private turn: TurnTranslator | null = null;
  /** Resolves when nothing more is read. */
  private readonly over: Promise<void>;
  private markOver: () => void = () => undefined;

  constructor(
    private readonly launcher: CodexLauncher,
    private readonly run: PromptRun,
  ) {
    this.over = new Promise((resolve) => (this.markOver = resolve));
    this.events = this.work();
  }

  private get prepared(): PreparedCodex | null {
    return this.run.prepared instanceof PreparedCodex ? this.run.prepared : null;
  }

  async steer({ messageId, prompt }: SteerMessage): Promise<void> {
    const { client, turn } = this;
    if (this.steered.has(messageId)) return;
    if (client === null || turn === null || turn.hasEnded) throw new TurnNotActiveError();
    // Codex itself would deliver it again.
    this.steered.add(messageId);
    try {
      await client.request('turn/steer', {
        threadId: turn.threadId,
        expectedTurnId: turn.turnId,
        input: textInput(prompt),
        clientUserMessageId: messageId,
      });
    } catch (error) {
      if (!(error instanceof AppServerRefusal)) throw error;
      this.steered.delete(messageId);
      throw error.isInvalid ? new TurnNotActiveError(error.message) : error;
    }
  }

  async interrupt(): Promise<void> {
    this.interruption.abort();
    const { client, turn } = this;
    if (client === null) return;
    if (turn !== null && !turn.hasEnded) {
      const { threadId, turnId } = turn;
      const asked = client.request('turn/interrupt', { threadId, turnId });
      const ended = asked.then(() => this.over).catch(() => undefined);
      await Promise.race([ended, delay(INTERRUPT_TIMEOUT_MS)]);
    }
    client.kill();
  }

  async answer(requestId: string, decision: ApprovalDecision): Promise<void> {
    const asked = this.approvals.take(requestId);
    if (this.client === null || asked === null) throw new TurnNotActiveError();
    this.client.answer(asked, { decision: ANSWERS[decision] });
  }

  private async *work(): AsyncGenerator<EngineEvent> {
    const { signal } = this.interruption;
    try {
      signal.throwIfAborted();
      const { client, images } = this.prepared ?? (await startCodex(this.launcher, this.run, signal));
      this.client = client;
      try {
        signal.throwIfAborted();
        yield* this.drive(client, images);
      } finally {
        // Whatever is left is of no use to anybody.
        if (signal.aborted) client.kill();
        await client.close();
      }
    } finally {
      this.markOver();
    }
  }

  /** @param images where Codex finds those of the prompt */
  private async *drive(client: AppServerClient, images: readonly string[]): AsyncGenerator<EngineEvent> {
    const turn = yield* this.begin(client, images);
    this.turn = turn;
    try {
      for await (const message of client.messages()) {
        yield* this.eventsOf(turn, message);
        if (turn.hasEnded) break;
      }
      this.interruption.signal.throwIfAborted();
      if (turn.wasInterrupted) yield { type: 'turn.failed', data: { error: { message: INTERRUPTED } } };
    } finally {
      const { unreadableCount: count } = client;
      if (count > 0)
        this.logger.warn({ message: `${count} messages of Codex were unreadable`, run_id: this.run.runId });
    }
  }

  private async *begin(
    client: AppServerClient,
    images: readonly string[],
  ): AsyncGenerator<EngineEvent, TurnTranslator> {
    const { runId, thread, input, secrets, approvalMode } = this.run;
    try {
      const id = this.prepared?.threadId ?? (await openThread(client, this.run));
      yield { type: 'thread.started', data: { thread_id: id } };
      const shown = images.map((path) => ({ type: 'localImage' as const, path }));
      // So that the conversation itself says which turn is whose: see conversations.ts.
      const clientUserMessageId = messageIdOf(runId);
      const started = await client.request('turn/start', {
        threadId: id,
        input: [...textInput(input.prompt), ...shown],
        clientUserMessageId,
        // Of the turn, not of the thread, which may have been opened before the mode was known.
        approvalPolicy: POLICIES[approvalMode],
      });
      const context = { repo: thread.paths.repo, redactor: secrets.redactor };
      return new TurnTranslator(id, started.turn.id, context);
    } catch (error) {
      if (error instanceof AppServerRefusal) yield { type: 'error', data: { message: error.message } };
      throw error;
    }
  }

  private eventsOf(turn: TurnTranslator, message: Notification | Question): EngineEvent[] {
    if (!('id' in message)) return turn.translate(message);
    const request = this.approvals.add(message, turn.itemId(message.params.itemId));
    const change = turn.changeInFull(message.params.itemId);
    return [...change, { type: 'approval.requested', data: request }];
  }
}

/** What Codex says of a turn that it was told to end by an answer. */
const INTERRUPTED = 'The turn was ended because an approval was refused.';

const POLICIES = { never: 'never', ask: 'untrusted' } as const satisfies Record<ApprovalMode, string>;

const ANSWERS = {
  accept: 'accept',
  accept_for_session: 'acceptForSession',
  decline: 'decline',
  cancel: 'cancel',
} as const satisfies Record<ApprovalDecision, string>;

const textInput = (text: string) => [{ type: 'text' as const, text, text_elements: [] }];
