import type { EventData } from '@saas-codex/contracts/events';

type Delta = EventData<'item.delta'>;

/** At most 20 pieces per second and stream. */
const INTERVAL_MS = 50;

/** Gathers a run's text deltas, so that the log gets a few pieces per second and not one per token. */
export class DeltaBuffer {
  private readonly waiting = new Map<string, Delta>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly send: (data: Delta) => void) {}

  add(delta: Delta): void {
    const before = this.waiting.get(delta.stream_id)?.text ?? '';
    this.waiting.set(delta.stream_id, { ...delta, text: before + delta.text });
    this.timer ??= setTimeout(() => this.flush(), INTERVAL_MS);
  }

  /** Sends what is there. Called before a durable event, so that no text comes behind the item that completes it. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const data of this.waiting.values()) this.send(data);
    this.waiting.clear();
  }

  /** Drops what is there. */
  close(): void {
    clearTimeout(this.timer);
    this.waiting.clear();
  }
}
