import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { ApprovalDecision } from '@saas-codex/contracts/approval-questions';
import type { RunInputOf } from '@saas-codex/contracts/runs';
import { CodexLauncher } from '../codex-launcher.js';
import {
  Engine,
  type EngineEvent,
  type CodexRun,
  type PreparedTurn,
  type PromptRun,
  type RunningTurn,
  type SteerMessage,
  TurnNotActiveError,
} from '../port/engine.js';
import { turnText } from '../port/turn-text.js';
import { type AppServerClient, AppServerRefusal } from './app-server.client.js';
import { Approvals } from './approvals.js';
import { messageIdOf } from './conversations.js';
import type { Notification, Params, Question } from './messages.js';
import { openThread, POLICIES, PreparedCodex, startCodex } from './open-thread.js';
import { TurnTranslator } from './turn-translator.js';

/** How long an interrupted turn may take to end by itself, so that Codex remembers that it was. Usually it takes 10 to 60 ms. */
const INTERRUPT_TIMEOUT_MS = 500;

/**
 * Drives Codex through `codex app-server`: one process per turn, which is told what to do and reports what happens.
 *
 *     initialize ► thread/start | thread/resume ► turn/start | review/start | thread/compact/start ─── notifications ───► our events
 *                                    turn/steer, turn/interrupt, answers ──►│
 *
 * `prepareTurn` goes as far as the thread; its turn begins with `turn/start`.
 */
@Injectable()
export class AppServerEngine extends Engine<CodexRun> {
  readonly capabilities = { steer: true, approvals: true, deltas: true, reviews: true, compact: true };

  constructor(private readonly launcher: CodexLauncher) {
    super();
  }

  startTurn(run: CodexRun): RunningTurn {
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
    private readonly run: CodexRun,
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
    const turnId = turn?.steerableTurnId ?? null;
    if (client === null || turn === null || turnId === null || turn.hasEnded) throw new TurnNotActiveError();
    // Codex itself would deliver it again.
    this.steered.add(messageId);
    try {
      await client.request('turn/steer', {
        threadId: turn.threadId,
        expectedTurnId: turnId,
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
    const turnId = turn?.steerableTurnId ?? null;
    if (turn !== null && turnId !== null && !turn.hasEnded) {
      const { threadId } = turn;
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
    const { runId, thread, input, note, secrets, approvalMode } = this.run;
    try {
      const id = this.prepared?.threadId ?? (await openThread(client, this.run));
      yield { type: 'thread.started', data: { thread_id: id } };
      const turnId = await startTurn(client, { threadId: id, runId, input, images, note, approvalMode });
      const context = { repo: thread.paths.repo, redactor: secrets.redactor };
      return new TurnTranslator(id, turnId, context);
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

const ANSWERS = {
  accept: 'accept',
  accept_for_session: 'acceptForSession',
  decline: 'decline',
  cancel: 'cancel',
} as const satisfies Record<ApprovalDecision, string>;

/** @returns Codex's id of the turn; null: it does not say */
async function startTurn(
  client: AppServerClient,
  {
    threadId,
    runId,
    input,
    images,
    approvalMode,
    note,
  }: { threadId: string } & Pick<CodexRun, 'runId' | 'input' | 'images' | 'approvalMode' | 'note'>,
): Promise<string | null> {
  switch (input.kind) {
    case 'prompt': {
      const shown = images.map((path) => ({ type: 'localImage' as const, path }));
      const started = await client.request('turn/start', {
        threadId,
        input: [...textInput(turnText({ note, input })), ...shown],
        // So that the conversation itself says which turn is whose: see conversations.ts.
        clientUserMessageId: messageIdOf(runId),
        // Of the turn, since a thread that was opened ahead knew nothing of it.
        approvalPolicy: POLICIES[approvalMode],
      });
      return started.turn.id;
    }
    case 'review': {
      const target = targetOf(input.target);
      const started = await client.request('review/start', { threadId, delivery: 'inline', target });
      return started.turn.id;
    }
    case 'compact':
      await client.request('thread/compact/start', { threadId });
      return null;
  }
}

function targetOf(target: RunInputOf<'review'>['target']): Params<'review/start'>['target'] {
  switch (target.type) {
    case 'changes':
      return { type: 'uncommittedChanges' };
    case 'base':
      return { type: 'baseBranch', branch: target.commit };
    case 'custom':
      return target;
  }
}

const textInput = (text: string) => [{ type: 'text' as const, text, text_elements: [] }];
