import { randomUUID } from 'node:crypto';
import type { ApprovalRequested, ApprovalResolved } from '@saas-codex/contracts/approval-questions';
import type { AnswerCommand } from '@saas-codex/contracts/run-commands';
import type { ApprovalRequest, RunningTurn } from '../engine/port/engine.js';
import { BoundedText } from '../engine/bounded-text.js';

/*
 * The questions of one run, from the engine to a person and back:
 *
 *     engine ──ask──► log: approval.requested ──► backend: a row ──► a person
 *     engine ◄─────── log: approval.resolved ◄── inbox: answer ◄─── decision in the row
 *
 * While a question is open and nothing that was accepted works, the run waits: it has no place and its deadline stands still.
 */

/** Of a question's text. Its item has the whole. */
const MAX_CHARACTERS = 16_000;

interface Port {
  /** Writes to the run's log. */
  log: {
    requested(data: ApprovalRequested): Promise<void>;
    resolved(data: ApprovalResolved): Promise<void>;
  };
  turn: Pick<RunningTurn, 'answer'>;
  /** The run begins to wait. */
  pause(): void;
  /** Resolves when the run may work again. */
  resume(): Promise<void>;
  onError(error: unknown): void;
}

interface OpenQuestion extends Pick<ApprovalRequested, 'approval_id' | 'request_id'> {
  itemId: string;
  answered: boolean;
}

export class RunQuestions {
  private readonly open = new Map<string, OpenQuestion>();
  /** Items that work because they were accepted. */
  private readonly accepted = new Set<string>();

  constructor(private readonly port: Port) {}

  /** @param request without secrets */
  async ask({ requestId, kind, itemId, command, reason, decisions }: ApprovalRequest): Promise<void> {
    const names = { approval_id: randomUUID(), request_id: requestId };
    this.open.set(requestId, { ...names, itemId, answered: false });
    const [text, why] = [command, reason].map(bounded) as [string | null, string | null];
    await this.port.log.requested({ ...names, kind, item_id: itemId, command: text, reason: why, decisions });
    this.rest();
  }

  /** The first answer to a question counts; an answer to another one is ignored. */
  answer({ request_id: requestId, decision, timed_out: timedOut }: AnswerCommand): void {
    const question = this.open.get(requestId);
    if (!question || question.answered) return;
    question.answered = true;
    this.takeEffect(question, decision, timedOut).catch(this.port.onError);
  }

  /** An item has ended. */
  complete(itemId: string): void {
    if (this.accepted.delete(itemId)) this.rest();
  }

  /** The run ends: nobody can answer any more. */
  async close(): Promise<void> {
    const left = [...this.open.values()];
    this.open.clear();
    for (const { approval_id, request_id } of left)
      await this.port.log.resolved({ approval_id, request_id, outcome: 'expired', decision: null });
  }

  private async takeEffect(
    { approval_id, request_id, itemId }: OpenQuestion,
    decision: AnswerCommand['decision'],
    timedOut: boolean,
  ): Promise<void> {
    await this.port.resume();
    // It may have waited for a place, and the run may have ended meanwhile.
    if (!this.open.delete(request_id)) return;
    this.accepted.add(itemId);
    const outcome = timedOut ? 'timed_out' : 'answered';
    // Before the engine goes on, so that the log has them in this order.
    await this.port.log.resolved({ approval_id, request_id, outcome, decision });
    await this.port.turn.answer(request_id, decision);
  }

  private rest(): void {
    const open = [...this.open.values()];
    const waits = open.length > 0 && this.accepted.size === 0 && !open.some(({ answered }) => answered);
    if (waits) this.port.pause();
  }
}

const bounded = (text: string | null): string | null =>
  text === null ? null : new BoundedText(MAX_CHARACTERS).add(text).toString();
