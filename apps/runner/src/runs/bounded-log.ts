import type { EventData } from '@saas-codex/contracts/events';
import type { AppendableEventType, RunLogWriter } from '@saas-codex/event-log/run-log/run-log.writer';

/*
 * A run's log that does not grow without end, whatever an agent has Codex say: Redis and the disk belong to all runs.
 *
 *     durable events ──► may take all of the room; the one that finds none ends the run
 *     pieces of text ──► may take half of it; after that, texts come when they are complete
 */

/** Bytes that an event takes beside its data: its envelope, and what Redis keeps for it. */
const ENVELOPE = 512;
/** Bytes. Items are bounded to less, and everything else is a few words. */
const MOST_PER_EVENT = 512 * 1024;

export class BoundedLog {
  private room: number;
  private roomForDeltas: number;
  private full = false;

  /**
   * @param most bytes
   * @param onFull called once; what is written after that is dropped
   */
  constructor(
    private readonly log: RunLogWriter,
    most: number,
    private readonly onFull: () => void,
  ) {
    this.room = most;
    this.roomForDeltas = most / 2;
  }

  /** @throws LogFencedError */
  async append<T extends AppendableEventType>(type: T, data: EventData<T>): Promise<void> {
    const size = sizeOf(data);
    if (this.full) return;
    if (size > this.room || size > MOST_PER_EVENT) {
      this.full = true;
      return this.onFull();
    }
    this.room -= size;
    await this.log.appendEvent(type, data);
  }

  /** @throws LogFencedError */
  async delta(data: EventData<'item.delta'>): Promise<void> {
    const size = sizeOf(data);
    if (this.full || size > this.roomForDeltas || size > this.room) return;
    this.room -= size;
    this.roomForDeltas -= size;
    await this.log.appendDelta(data);
  }
}

const sizeOf = (data: object): number => ENVELOPE + Buffer.byteLength(JSON.stringify(data));
