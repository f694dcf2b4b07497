import type { EventData } from '@saas-codex/contracts/events';
import type { AppendableEventType, RunLogWriter } from '@saas-codex/event-log/run-log/run-log.writer';

/*
 * Limits the size of a run's log: an agent can have Codex print anything, and all runs share Redis and the disk.
 *
 *     durable events ──► may take all of the room; the first one that does not fit ends the run
 *     deltas ──────────► may take half of it; after that, texts appear when they are complete
 */

/** Bytes that an event takes besides its data: its envelope, and what Redis stores for it. */
const ENVELOPE_BYTES = 512;
/** Bytes. Items are bounded to less, and everything else is a few words. */
const MAX_EVENT_BYTES = 512 * 1024;

export class BoundedLog {
  private room: number;
  private roomForDeltas: number;
  private full = false;

  /**
   * @param maximum bytes
   * @param onFull called once; everything written after that is dropped
   */
  constructor(
    private readonly log: RunLogWriter,
    maximum: number,
    private readonly onFull: () => void,
  ) {
    this.room = maximum;
    this.roomForDeltas = maximum / 2;
  }

  /** @throws LogFencedError */
  async appendEvent<T extends AppendableEventType>(type: T, data: EventData<T>): Promise<void> {
    const size = sizeOf(data);
    if (this.full) return;
    if (size > this.room || size > MAX_EVENT_BYTES) {
      this.full = true;
      return this.onFull();
    }
    this.room -= size;
    await this.log.appendEvent(type, data);
  }

  /** @throws LogFencedError */
  async appendDelta(data: EventData<'item.delta'>): Promise<void> {
    const size = sizeOf(data);
    if (this.full || size > this.roomForDeltas || size > this.room) return;
    this.room -= size;
    this.roomForDeltas -= size;
    await this.log.appendDelta(data);
  }
}

const sizeOf = (data: object): number => ENVELOPE_BYTES + Buffer.byteLength(JSON.stringify(data));
