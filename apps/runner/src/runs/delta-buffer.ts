import type { EventData } from '@saas-codex/contracts/events';
import type { RedactedStream, Redactor } from '../redaction/redactor.js';

type Delta = EventData<'item.delta'>;

/** At most 20 deltas per second and stream. */
const INTERVAL_MS = 50;

/**
 * Batches a run's text deltas, so that the log gets a few per second instead of one per token, and redacts them. What may be the
 * beginning of a secret waits for the rest of its text; if nothing follows, the completed item has it.
 */
export class DeltaBuffer {
  private readonly pending = new Map<string, Delta>();
  private readonly streams = new Map<string, RedactedStream>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly redactor: Redactor,
    private readonly send: (data: Delta) => void,
  ) {}

  addDelta(delta: Delta): void {
    const text = this.redacted(delta);
    if (text === '') return;
    const before = this.pending.get(delta.stream_id)?.text ?? '';
    this.pending.set(delta.stream_id, { ...delta, text: before + text });
    this.timer ??= setTimeout(() => this.flush(), INTERVAL_MS);
  }

  /** Sends what is pending. Called before a durable event, so that no delta follows the item that completes its text. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const data of this.pending.values()) this.send(data);
    this.pending.clear();
  }

  /** Drops what is pending. */
  close(): void {
    clearTimeout(this.timer);
    this.pending.clear();
    this.streams.clear();
  }

  private redacted({ stream_id: id, text }: Delta): string {
    if (this.redactor.isEmpty) return text;
    const stream = this.streams.get(id) ?? this.redactor.stream();
    this.streams.set(id, stream);
    return stream.push(text);
  }
}
