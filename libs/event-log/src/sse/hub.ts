import type { Redis } from 'ioredis';
import { StreamReader } from '../redis-stream/stream-reader.js';
import { FeedRegistry, type HubOptions } from './feed-registry.js';

/** Serves Redis streams to many clients: one reader for all streams that are watched here, one feed for each of them. */
export abstract class Hub {
  protected readonly reader: StreamReader;
  protected readonly feeds: FeedRegistry;
  protected readonly onLive: HubOptions['onLive'];

  /** @param redis a connection for short commands; the hub makes one more for messages */
  constructor(
    protected readonly redis: Redis,
    { ticker, onLive }: HubOptions = {},
  ) {
    this.reader = new StreamReader(redis);
    this.feeds = new FeedRegistry(ticker);
    this.onLive = onLive;
  }

  get clientCount(): number {
    return this.feeds.clientCount;
  }

  close(): void {
    this.feeds.close();
    this.reader.close();
  }
}
