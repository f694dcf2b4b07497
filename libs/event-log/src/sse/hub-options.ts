import type { StreamEntry } from '../redis-stream/stream-reader.js';
import type { Ticker } from './feed-registry.js';

export interface HubOptions {
  ticker?: Ticker;
  /** Hears of entries as they are handed to those who watch; those from before somebody watched may be among them. */
  onLive?: ((entries: StreamEntry[]) => void) | undefined;
}
