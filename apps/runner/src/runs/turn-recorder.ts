import type { EventData } from '@saas-codex/contracts/events';
import type { RunKind, Usage } from '@saas-codex/contracts/runs';
import type { EgressListener } from '../sandbox/egress/run-egress.js';
import type { EngineEvent } from '../engine/engine.js';
import type { ModelDelta, ModelListener } from '../model-proxy/model-access.js';
import type { BoundedLog } from './bounded-log.js';
import { DeltaBuffer } from './delta-buffer.js';
import { type Ending, failed, succeeded } from './ending.js';
import { translateItem } from './translate-item.js';

/** Characters of what Codex says is wrong; it quotes servers, and whoever passes for one. */
const MOST_OF_REASON = 2_000;

/**
 * Writes one turn into its run's log: the engine's events one by one, what the model proxy hears beside them, and knows
 * in the end how the turn went.
 *
 *     engine ─events────────────► append ─┐
 *           ──output as it grows► deltas ─┤
 *     proxy ──text as it grows──► deltas ─┼─► log
 *           ──tokens used───────► append ─┤
 *           ──why a call failed─► kept for the ending
 *     egress ─what was refused──► append ─┘
 */
export class TurnRecorder implements ModelListener, EgressListener {
  private readonly deltas: DeltaBuffer;
  private completed = false;
  private failure: string | null = null;
  private upstreamError: string | null = null;
  private setupFailure: string | null = null;
  private usage: Usage | undefined;

  /** @param onWriteError called when the log takes nothing more from here. */
  constructor(
    private readonly log: BoundedLog,
    private readonly kind: RunKind,
    private readonly repo: string,
    private readonly onWriteError: (error: unknown) => void,
  ) {
    this.deltas = new DeltaBuffer((data) => this.inBackground(log.delta(data)));
  }

  onDelta({ itemType, streamId, text }: ModelDelta): void {
    this.deltas.add({ item_type: itemType, stream_id: streamId, text });
  }

  onUsage(usage: Usage): void {
    this.usage = usage;
    // The model has answered: what went wrong before is over.
    this.upstreamError = null;
    this.deltas.flush();
    this.inBackground(this.log.append('usage.updated', { usage }));
  }

  onUpstreamError(sentence: string): void {
    this.upstreamError = sentence;
  }

  onRefused(refusal: EventData<'network.refused'>): void {
    this.inBackground(this.log.append('network.refused', refusal));
  }

  /** @throws LogFencedError */
  async record(event: EngineEvent): Promise<void> {
    if (event.type === 'output.grown') {
      this.deltas.add({ item_type: 'command_execution', stream_id: event.itemId, text: event.text });
      return;
    }
    this.deltas.flush();
    switch (event.type) {
      case 'thread.started':
        await this.log.append(event.type, { thread_id: event.thread_id });
        return;
      case 'turn.started':
        await this.log.append(event.type, {});
        return;
      case 'turn.completed':
        this.completed = true;
        await this.log.append(event.type, { usage: usageOf(event.usage) });
        return;
      case 'turn.failed':
        this.failure = this.explain(event.error.message);
        await this.log.append(event.type, { error: { message: this.failure } });
        return;
      case 'item.started':
      case 'item.updated':
      case 'item.completed':
        await this.log.append(event.type, { item: translateItem(event.item, this.repo) });
        return;
      case 'error':
        this.failure = this.explain(event.message);
        await this.log.append(event.type, { message: this.failure });
        return;
      case 'setup.ended':
        this.completed = event.failure === null;
        this.setupFailure = event.failure;
    }
  }

  /** No text comes any more. */
  close(): void {
    this.deltas.close();
  }

  get usageSoFar(): Usage | undefined {
    return this.usage;
  }

  get hasCompleted(): boolean {
    return this.completed;
  }

  /** Codex has said that something is wrong. */
  get hasFailure(): boolean {
    return this.failure !== null;
  }

  ending(): Ending {
    if (this.completed) return succeeded(this.usage);
    const sentence = this.setupFailure ?? this.upstreamError;
    return failed(this.kind, { sentence, codex: this.failure, usage: this.usage });
  }

  /** Codex's words about a failed call name our proxy's address; the proxy knows what really happened. */
  private explain(message: string): string {
    const attempt = /^Reconnecting\.\.\. (\d+\/\d+)/.exec(message)?.[1];
    const reason = this.upstreamError ?? message.replace(/,? *url: \S+?(?=\)?$)/, '');
    const retried = attempt !== undefined && this.upstreamError !== null;
    return (retried ? `Attempt ${attempt} failed: ${reason}` : reason).slice(0, MOST_OF_REASON);
  }

  private inBackground(write: Promise<unknown>): void {
    write.catch(this.onWriteError);
  }
}

/** Codex counts more kinds than the contract has. */
const usageOf = (usage: Usage): Usage => ({
  input_tokens: usage.input_tokens,
  cached_input_tokens: usage.cached_input_tokens,
  output_tokens: usage.output_tokens,
  reasoning_output_tokens: usage.reasoning_output_tokens,
});
