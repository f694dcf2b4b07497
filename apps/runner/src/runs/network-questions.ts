import { randomUUID } from 'node:crypto';
import type { ApprovalDecision, Destination } from '@saas-codex/contracts/approval-questions';
import type { Question } from './run-questions.js';

/** Of one run: a person could not answer more in earnest. Further hosts are declined. */
const MOST_QUESTIONS = 50;

type Ask = (question: Question, answer: (decision: ApprovalDecision) => void) => Promise<void>;

/** The connections to one host and port that wait for the same answer. */
interface Waiting {
  answer: Promise<boolean>;
  isOpen: (() => boolean)[];
}

/*
 * Connections of a run that a person has to allow, by host and port:
 *
 *     accept              those that wait for the answer; if all of them have given up, the next one instead
 *     accept_for_session  all, until the run ends
 *     decline             none, until the run ends: a program that tries again does not ask again
 */
export class NetworkQuestions {
  private readonly waiting = new Map<string, Waiting>();
  /** Decided for the rest of the run. */
  private readonly decided = new Map<string, boolean>();
  /** May be reached once more. */
  private readonly passes = new Set<string>();
  private ask: Ask = () => Promise.reject(new Error('The run has not begun.'));
  private count = 0;

  /** From now on there is somebody to ask. */
  askThrough(ask: Ask): void {
    this.ask = ask;
  }

  /**
   * Resolves when a person has answered.
   * @param isOpen whether the connection still waits
   * @returns whether it may be made
   */
  async askFor(destination: Destination, isOpen: () => boolean): Promise<boolean> {
    const key = `${destination.host} ${destination.port}`;
    const decided = this.decided.get(key) ?? (this.passes.delete(key) || null);
    if (decided !== null) return decided;
    const waiting = this.waiting.get(key) ?? this.begin(key, destination);
    waiting.isOpen.push(isOpen);
    return waiting.answer;
  }

  private begin(key: string, destination: Destination): Waiting {
    const isOpen: Waiting['isOpen'] = [];
    const answer = this.answerTo(destination).then((decision) => {
      this.waiting.delete(key);
      const isAllowed = decision === 'accept' || decision === 'accept_for_session';
      if (decision !== 'accept') this.decided.set(key, isAllowed);
      else if (!isOpen.some((still) => still())) this.passes.add(key);
      return isAllowed;
    });
    const waiting = { answer, isOpen };
    this.waiting.set(key, waiting);
    return waiting;
  }

  private answerTo(destination: Destination): Promise<ApprovalDecision> {
    this.count += 1;
    if (this.count > MOST_QUESTIONS) return Promise.resolve('decline');
    const requestId = `network-${randomUUID()}`;
    const question: Question = {
      requestId,
      kind: 'network',
      itemId: requestId,
      command: null,
      destination,
      reason: null,
      decisions: ['accept', 'accept_for_session', 'decline'],
    };
    return new Promise((resolve) => {
      // Without a question in the log nobody can answer it.
      this.ask(question, resolve).catch(() => resolve('decline'));
    });
  }
}
