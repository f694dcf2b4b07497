import type { EventData } from '@saas-codex/contracts/events';

type Delta = EventData<'item.delta'>;

/** At most 20 deltas per second and stream. */
const INTERVAL_MS = 50;

/** Batches a run's text deltas, so that the log gets a few per second instead of one per token. */
export class DeltaBuffer {
  private readonly pending = new Map<string, Delta>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly send: (data: Delta) => void) {}

  addDelta(delta: Delta): void {
    const before = this.pending.get(delta.stream_id)?.text ?? '';
    this.pending.set(delta.stream_id, { ...delta, text: before + delta.text });
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
  }
}
