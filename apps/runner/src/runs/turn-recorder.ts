import type { EventData } from '@saas-codex/contracts/events';
import type { LimitReached } from '@saas-codex/contracts/model-calls';
import type { SteerCommand } from '@saas-codex/contracts/run-commands';
import type { ContextUsage, RunKind, Usage } from '@saas-codex/contracts/runs';
import type { EngineEvent } from '../engine/port/engine.js';
import type { ModelListener } from '../model-proxy/model-access.js';
import type { RejectedCommand } from '../model-proxy/rejected-commands.js';
import type { Redactor } from '../redaction/redactor.js';
import type { EgressListener } from '../sandbox/egress/run-egress.js';
import { boundItem } from './bounded-item.js';
import type { BoundedLog } from './bounded-log.js';
import { DeltaBuffer } from './delta-buffer.js';
import { OpenItems } from './open-items.js';
import { failedOutcome, type RunOutcome, type RunTotals, succeededOutcome } from './run-outcome.js';

/** Maximum characters of an error message of Codex, which may quote a server's whole response. */
const MAX_MESSAGE = 2_000;

/**
 * Writes one turn into its run's log, without the run's secrets: the engine's events one by one, and what the proxies report meanwhile. Knows in the end
 * how the turn went.
 *
 *     engine ─events────────────────────────► append ─┐
 *           ──texts and output as they grow─► deltas ─┤
 *     model proxy ──tokens used─────────────► append ─┼─► log
 *                 ──commands Codex refused──► append ─┤
 *                 ──waits at a limit────────► append ─┤
 *                 ──why a call failed───────► kept for the outcome
 *     egress proxy ─refused connections─────► append ─┘
 */
export class TurnRecorder implements ModelListener, Pick<EgressListener, 'onRefused'> {
  private readonly deltas: DeltaBuffer;
  private readonly openItems = new OpenItems();
  private completed = false;
  private codexError: string | null = null;
  private upstreamError: string | null = null;
  private isAtLimit = false;
  private scriptFailure: string | null = null;
  private usage: Usage | undefined;
  private context: ContextUsage | undefined;

  /** @param onWriteError called when an event was not written in the background */
  constructor(
    private readonly log: BoundedLog,
    private readonly kind: RunKind,
    private readonly redactor: Redactor,
    private readonly onWriteError: (error: unknown) => void,
  ) {
    this.deltas = new DeltaBuffer(redactor, (data) => {
      this.openItems.addDelta(data);
      this.inBackground(log.appendDelta(data));
    });
  }

  onUsage(usage: Usage): void {
    this.usage = usage;
    // The model has answered: an earlier error is over.
    this.upstreamError = null;
    this.isAtLimit = false;
    this.deltas.flush();
    this.inBackground(this.log.appendEvent('usage.updated', { usage }));
  }

  onUpstreamError(sentence: string, code: string | null = null): void {
    this.upstreamError = this.redactor.redact(sentence);
    this.isAtLimit = code === 'limit_reached';
  }

  onLimitReached(limit: LimitReached, until: Date): void {
    this.deltas.flush();
    this.inBackground(this.log.appendEvent('limit.reached', { ...limit, until: until.toISOString() }));
  }

  onLimitLifted(): void {
    this.inBackground(this.log.appendEvent('limit.lifted', {}));
  }

  onRefused(refusal: EventData<'network.refused'>): void {
    this.inBackground(this.log.appendEvent('network.refused', this.redactor.redactAll(refusal)));
  }

  onRejectedCommand({ callId, command, reason }: RejectedCommand): void {
    const item = {
      id: `rejected-${callId}`,
      type: 'command_execution',
      command,
      aggregated_output: reason,
      exit_code: null,
      status: 'declined',
    };
    this.inBackground(
      this.log.appendEvent('item.completed', { item: boundItem(this.redactor.redactAll(item)) }),
    );
  }

  /** @throws LogFencedError */
  async recordEvent(printed: EngineEvent): Promise<void> {
    if (printed.type === 'item.delta') return this.deltas.addDelta(printed.data);
    this.deltas.flush();
    // Before anything is cut off: half of a secret would not be found.
    const event = this.redactor.redactAll(printed);
    this.openItems.addEvent(event);
    if (event.type === 'turn.completed' || event.type === 'turn.failed') await this.closeItems();
    switch (event.type) {
      case 'thread.started':
        return this.log.appendEvent(event.type, event.data);
      case 'turn.started':
        return this.log.appendEvent(event.type, event.data);
      case 'turn.completed':
        this.completed = true;
        return this.log.appendEvent(event.type, event.data);
      case 'turn.failed':
        this.codexError = this.explain(event.data.error.message);
        return this.log.appendEvent(event.type, { error: { message: this.codexError } });
      case 'item.started':
      case 'item.updated':
      case 'item.completed':
        return this.log.appendEvent(event.type, { item: boundItem(event.data.item) });
      case 'error':
        this.codexError = this.explain(event.data.message);
        return this.log.appendEvent(event.type, { message: this.codexError });
      case 'context.updated':
        this.context = event.data;
        return this.log.appendEvent(event.type, event.data);
      case 'script.ended':
        this.completed = event.data.failure === null;
        this.scriptFailure = event.data.failure;
        return;
      case 'steer.taken':
      case 'approval.requested':
        return;
    }
  }

  /** @param data without secrets @throws LogFencedError */
  async recordApproval<T extends 'approval.requested' | 'approval.resolved'>(
    type: T,
    data: EventData<T>,
  ): Promise<void> {
    this.deltas.flush();
    await this.log.appendEvent(type, data);
  }

  /** @throws LogFencedError */
  async recordSteer({ id, prompt }: SteerCommand): Promise<void> {
    this.deltas.flush();
    await this.log.appendEvent('steer.delivered', { steer_id: id, prompt: this.redactor.redact(prompt) });
  }

  /** Completes the items that are still open. @throws LogFencedError */
  async closeItems(): Promise<void> {
    this.deltas.flush();
    for (const item of this.openItems.close())
      await this.log.appendEvent('item.completed', { item: boundItem(item) });
  }

  /** Drops deltas that were not written yet. */
  close(): void {
    this.deltas.close();
  }

  /** So far. */
  get totals(): RunTotals {
    return { usage: this.usage, context: this.context };
  }

  get hasCompleted(): boolean {
    return this.completed;
  }

  /** Codex has reported an error. */
  get hasFailure(): boolean {
    return this.codexError !== null;
  }

  outcome(): RunOutcome {
    if (this.completed) return succeededOutcome(this.totals);
    const sentence = this.scriptFailure ?? this.upstreamError;
    const code = this.isAtLimit ? 'limit_reached' : undefined;
    return failedOutcome(this.kind, { sentence, codex: this.codexError, code, ...this.totals });
  }

  /** Codex's message about a failed call names the address of our proxy. The proxy knows what really happened. */
  private explain(message: string): string {
    const attempt = /^Reconnecting\.\.\. (\d+\/\d+)/.exec(message)?.[1];
    const reason = this.upstreamError ?? message.replace(/,? *url: \S+?(?=\)?$)/, '');
    const retried = attempt !== undefined && this.upstreamError !== null;
    return (retried ? `Attempt ${attempt} failed: ${reason}` : reason).slice(0, MAX_MESSAGE);
  }

  private inBackground(write: Promise<unknown>): void {
    write.catch(this.onWriteError);
  }
}
