import type { EventData } from '@saas-codex/contracts/events';
import type { Item } from '@saas-codex/contracts/items';
import type { ContextUsage, Usage } from '@saas-codex/contracts/runs';
import { GrowingText } from '../growing-text.js';
import type { EngineEvent } from '../port/engine.js';
import { type ItemContext, PART_BREAK, toItem } from './item.js';
import { runOfMessage } from './conversations.js';
import { ItemIds } from './item-ids.js';
import { type Notification, readItem, type ThreadItem, type TokenCounts } from './messages.js';

/*
 * Codex's notifications about one turn, as our own events.
 *
 *     item/started ──► item.started, but for messages and reasoning: those begin with their first delta
 *     …/delta ───────► item.delta, with the item's id
 *     item/completed ► item.completed
 *     exitedReviewMode ► one item `review`, in place of the messages around it
 *     turn/plan ─────► one item `todo_list`: started, updated …
 *     tokenUsage ────► context.updated
 *     turn/completed ► turn.completed | turn.failed
 */

type DeltaType = EventData<'item.delta'>['item_type'];

type TokenUsage = Extract<Notification, { method: 'thread/tokenUsage/updated' }>['params'];
type EndedTurn = Extract<Notification, { method: 'turn/completed' }>['params']['turn'];

/** An item whose text grows. */
interface GrowingItem {
  type: DeltaType;
  text: GrowingText;
}

const DELTAS: Record<string, DeltaType> = {
  agentMessage: 'agent_message',
  reasoning: 'reasoning',
  commandExecution: 'command_execution',
};
/** What Codex says in place of a review. */
const NO_REVIEW = 'Reviewer failed to output a response.';
const isDone = (review: string | null): boolean => review === 'answered' || review === 'unanswered';

const NO_TOKENS: TokenCounts = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningOutputTokens: 0,
};

export class TurnTranslator {
  private readonly ids = new ItemIds();
  private readonly growing = new Map<string, GrowingItem>();
  private readonly completed = new Set<string>();
  /** File changes that have begun. */
  private readonly changes = new Map<string, ThreadItem>();
  private planId: string | null = null;
  private tokensBefore = NO_TOKENS;
  private tokens: TokenCounts | null = null;
  private status: string | null = null;
  private contextUsage: ContextUsage | null = null;
  private review: 'begun' | 'answered' | 'unanswered' | null = null;
  private activeTurnId: string | null;

  /** @param turnId null: that of the first turn which starts */
  constructor(
    readonly threadId: string,
    private turnId: string | null,
    private readonly context: ItemContext,
  ) {
    this.activeTurnId = turnId;
  }

  /** The turn that Codex steers and interrupts: a review runs in a turn of its own. null: none has started */
  get steerableTurnId(): string | null {
    return this.activeTurnId;
  }

  /** Codex has reported how the turn ended. */
  get hasEnded(): boolean {
    return this.status !== null;
  }

  /** It has ended before it was done, because somebody wanted so. Then no event says how it ended. */
  get wasInterrupted(): boolean {
    return this.status === 'interrupted';
  }

  /** Our id of an item that Codex names. */
  itemId(id: string): string {
    return this.ids.find(id) ?? id;
  }

  /** A file change that has begun, with the contents of its files, for who decides about it. */
  changeInFull(rawId: string): EngineEvent[] {
    const raw = this.changes.get(rawId);
    const item = raw ? this.toItem(raw, this.itemId(rawId), true) : null;
    return item === null ? [] : [{ type: 'item.updated', data: { item } }];
  }

  translate({ method, params }: Notification): EngineEvent[] {
    // Codex also reports what the threads do that it starts by itself.
    if ('threadId' in params && params.threadId !== null && params.threadId !== this.threadId) return [];
    switch (method) {
      case 'configWarning':
      case 'deprecationNotice':
        return [this.notice([params.summary, params.details].filter((text) => text !== null).join(': '))];
      case 'warning':
        return [this.notice(params.message)];
      case 'error':
        return [{ type: 'error', data: { message: messageOf(params.error) } }];
      case 'item/started':
        return this.startItem(params.item);
      case 'item/completed':
        return this.completeItem(params.item);
      case 'item/agentMessage/delta':
      case 'item/commandExecution/outputDelta':
      case 'item/reasoning/summaryTextDelta':
        return this.addText(params.itemId, params.delta);
      case 'item/reasoning/summaryPartAdded':
        return params.summaryIndex === 0 ? [] : this.addText(params.itemId, PART_BREAK);
      case 'thread/tokenUsage/updated':
        this.countTokens(params.turnId, params.tokenUsage.total);
        return this.updateContext(params);
      case 'turn/plan/updated':
        return this.updatePlan(params.plan);
      case 'turn/started':
        this.turnId ??= params.turn.id;
        this.activeTurnId = params.turn.id;
        return [{ type: 'turn.started', data: {} }];
      case 'turn/completed':
        return params.turn.id === this.turnId ? this.endTurn(params.turn) : [];
    }
  }

  private startItem(raw: ThreadItem): EngineEvent[] {
    const id = this.ids.begin(raw.id);
    if (raw.type === 'fileChange') this.changes.set(raw.id, raw);
    const type = DELTAS[raw.type];
    if (type !== undefined) this.growing.set(id, { type, text: new GrowingText(this.context.redactor) });
    const item = type === 'agent_message' || type === 'reasoning' ? null : this.toItem(raw, id, false);
    return item === null ? [] : [{ type: 'item.started', data: { item } }];
  }

  private completeItem(raw: ThreadItem): EngineEvent[] {
    if (raw.type === 'userMessage') return this.takeSteer(raw);
    if (this.followReview(raw)) return [];
    this.changes.delete(raw.id);
    const known = this.ids.find(raw.id);
    const id = known !== undefined && !this.completed.has(known) ? known : this.ids.begin(raw.id);
    this.completed.add(id);
    this.growing.delete(id);
    const item = this.toItem(raw, id, true);
    // The model has thought without a summary.
    const isEmpty = item?.type === 'reasoning' && item['text'] === '';
    return item === null || isEmpty ? [] : [{ type: 'item.completed', data: { item } }];
  }

  /** @returns whether nothing of the item is to be logged */
  private followReview(raw: ThreadItem): boolean {
    if (raw.type === 'enteredReviewMode') this.review = 'begun';
    // Codex repeats a review as a message.
    if (raw.type !== 'exitedReviewMode') return isDone(this.review) && raw.type === 'agentMessage';
    this.review = readItem('exitedReviewMode', raw)?.review === NO_REVIEW ? 'unanswered' : 'answered';
    return this.review === 'unanswered';
  }

  private toItem(raw: ThreadItem, id: string, isComplete: boolean): Item | null {
    return toItem(raw, id, isComplete, this.context);
  }

  /** The prompt itself has no client's id. */
  private takeSteer(raw: ThreadItem): EngineEvent[] {
    const messageId = readItem('userMessage', raw)?.clientId ?? null;
    // The prompt itself begins the turn.
    return messageId === null || runOfMessage(messageId) !== null
      ? []
      : [{ type: 'steer.taken', data: { messageId } }];
  }

  private addText(rawId: string, piece: string): EngineEvent[] {
    const id = this.ids.find(rawId) ?? '';
    const growing = this.growing.get(id);
    const text = growing?.text.add(piece) ?? '';
    // The reviewer writes JSON.
    const isOfReviewer = this.review !== null && growing?.type === 'agent_message';
    if (!growing || text === '' || isOfReviewer) return [];
    return [{ type: 'item.delta', data: { item_type: growing.type, stream_id: id, text } }];
  }

  private updatePlan(steps: { step: string; status: string }[]): EngineEvent[] {
    const type = this.planId === null ? 'item.started' : 'item.updated';
    this.planId ??= this.ids.begin('plan');
    const items = steps.map(({ step, status }) => ({ text: step, completed: status === 'completed' }));
    return [{ type, data: { item: { id: this.planId, type: 'todo_list', items } } }];
  }

  private notice(message: string): EngineEvent {
    return {
      type: 'item.completed',
      data: { item: { id: this.ids.begin('notice'), type: 'error', message } },
    };
  }

  private endTurn({ status, error }: EndedTurn): EngineEvent[] {
    this.status = status;
    if (this.wasInterrupted) return [];
    if (status === 'completed' && this.review === 'unanswered')
      return [{ type: 'turn.failed', data: { error: { message: 'The reviewer gave no answer.' } } }];
    if (status === 'completed') return [{ type: 'turn.completed', data: { usage: this.usage() } }];
    const message = error ? messageOf(error) : `The turn has ended as “${status}”.`;
    return [{ type: 'turn.failed', data: { error: { message } } }];
  }

  /** Codex counts over the whole thread. */
  private countTokens(turnId: string, total: TokenCounts): void {
    if (turnId === this.turnId) this.tokens = total;
    else if (this.tokens === null) this.tokensBefore = total;
  }

  private updateContext({ turnId, tokenUsage }: TokenUsage): EngineEvent[] {
    const { last, modelContextWindow: window_tokens } = tokenUsage;
    const used_tokens = last.totalTokens;
    const isKnown = turnId === this.turnId && window_tokens !== null && window_tokens > 0;
    if (!isKnown || used_tokens === this.contextUsage?.used_tokens) return [];
    this.contextUsage = { used_tokens, window_tokens };
    return [{ type: 'context.updated', data: this.contextUsage }];
  }

  private usage(): Usage {
    const { tokensBefore: before, tokens: after } = this;
    const used = (name: keyof TokenCounts) => (after === null ? 0 : Math.max(0, after[name] - before[name]));
    return {
      input_tokens: used('inputTokens'),
      cached_input_tokens: used('cachedInputTokens'),
      output_tokens: used('outputTokens'),
      reasoning_output_tokens: used('reasoningOutputTokens'),
    };
  }
}

const messageOf = ({
  message,
  additionalDetails,
}: {
  message: string;
  additionalDetails: string | null;
}): string => (additionalDetails === null ? message : `${message} (${additionalDetails})`);
