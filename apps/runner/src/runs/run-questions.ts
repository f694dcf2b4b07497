import { randomUUID } from 'node:crypto';
import type {
  ApprovalDecision,
  ApprovalRequested,
  ApprovalResolved,
  Destination,
} from '@saas-codex/contracts/approval-questions';
import type { AnswerCommand } from '@saas-codex/contracts/run-commands';
import type { RunStatus } from '@saas-codex/contracts/runs';
import type { ApprovalRequest } from '../engine/port/engine.js';
import { BoundedText } from '../engine/bounded-text.js';

/*
 * The questions of one run, from the engine, or a connection, to a person and back:
 *
 *     asker ──ask──► log: approval.requested ──► backend: a row ──► a person
 *     asker ◄─────── log: approval.resolved ◄── inbox: answer ◄─── decision in the row
 *
 * While Codex waits for an answer and nothing that was accepted works, the run waits: it has no place and its deadline stands still.
 * A connection that waits stops neither Codex nor other commands, so it does not stop the clock.
 */

/** Of a question's text. Its item has the whole. */
const MAX_CHARACTERS = 16_000;

/** What is asked, without secrets. */
export interface Question extends ApprovalRequest {
  /** Of a connection. */
  destination?: Destination;
}

interface Port {
  /** Writes to the run's log. */
  log: {
    requested(data: ApprovalRequested): Promise<void>;
    resolved(data: ApprovalResolved): Promise<void>;
  };
  /** Tells the backend, which then reads the log. */
  report(status: RunStatus): Promise<void>;
  /** The run begins to wait. */
  pause(): void;
  /** Resolves when the run may work again. */
  resume(): Promise<void>;
  onError(error: unknown): void;
}

interface OpenQuestion extends Pick<ApprovalRequested, 'approval_id' | 'request_id'> {
  itemId: string;
  /** Whether the run can do nothing meanwhile. */
  holdsRun: boolean;
  answered: boolean;
  answer: (decision: ApprovalDecision) => unknown;
}

export class RunQuestions {
  private readonly open = new Map<string, OpenQuestion>();
  /** Items that work because they were accepted. */
  private readonly accepted = new Set<string>();

  constructor(private readonly port: Port) {}

  /** @param answer gets the first answer that takes effect; none when the run ends before */
  async ask(
    { requestId, kind, itemId, command, reason, ...asked }: Question,
    answer: OpenQuestion['answer'],
  ): Promise<void> {
    const names = { approval_id: randomUUID(), request_id: requestId };
    const holdsRun = kind !== 'network';
    this.open.set(requestId, { ...names, itemId, holdsRun, answered: false, answer });
    const [text, why] = [command, reason].map(bounded) as [string | null, string | null];
    await this.port.log.requested({
      ...names,
      kind,
      item_id: itemId,
      command: text,
      reason: why,
      ...asked,
    });
    await this.port.report(this.status);
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
    { approval_id, request_id, itemId, holdsRun, answer }: OpenQuestion,
    decision: AnswerCommand['decision'],
    timedOut: boolean,
  ): Promise<void> {
    if (holdsRun) await this.port.resume();
    // It may have waited for a place, and the run may have ended meanwhile.
    if (!this.open.delete(request_id)) return;
    if (holdsRun) this.accepted.add(itemId);
    const outcome = timedOut ? 'timed_out' : 'answered';
    // Before the asker goes on, so that the log has them in this order.
    await this.port.log.resolved({ approval_id, request_id, outcome, decision });
    await this.port.report(this.status);
    await answer(decision);
  }

  private get status(): RunStatus {
    const open = [...this.open.values()].filter(({ holdsRun }) => holdsRun);
    const waits = open.length > 0 && this.accepted.size === 0 && !open.some(({ answered }) => answered);
    return waits ? 'waiting' : 'running';
  }

  private rest(): void {
    if (this.status === 'waiting') this.port.pause();
  }
}

const bounded = (text: string | null): string | null =>
  text === null ? null : new BoundedText(MAX_CHARACTERS).add(text).toString();
