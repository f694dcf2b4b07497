import { ProblemError } from '@saas-codex/service-kit/problem';
import type { StreamEntry } from '../redis-stream/stream-entry.js';
import type { Feed } from './feed.js';

const TICK_MS = 1_000;
const HEARTBEAT_TICKS = 15;
/** How long a feed without clients is kept, for a page that is reloaded. */
const LINGER_TICKS = 30;

/** The source of ticks; tests make them by hand. @returns a function that stops them */
export type Ticker = (tick: () => void) => () => void;

const everySecond: Ticker = (tick) => {
  const timer = setInterval(tick, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
};

/** What the hubs of run logs and activities take. */
export interface HubOptions {
  ticker?: Ticker;
  /** Called with entries as clients get them; some may be older than the feed, which replays them. */
  onLive?: ((entries: StreamEntry[]) => void) | undefined;
}

interface Opened {
  feed: Feed;
  /** Stops feeding it. */
  close: () => void;
  /** Checks that the feed still gets what its source has; called as often as there are heartbeats. */
  check?: () => Promise<void>;
}

interface Entry {
  opening: Promise<Opened>;
  /** Set once it has opened. */
  opened: Opened | null;
}

/** The feeds of a process by key: opened once, ticked together, and dropped some time after the last client has left. */
export class FeedRegistry {
  private readonly feeds = new Map<string, Entry>();
  private readonly stop: () => void;
  private ticks = 0;
  private closed = false;

  constructor(ticker: Ticker = everySecond) {
    this.stop = ticker(() => this.tick());
  }

  /** Clients of all feeds. */
  get clientCount(): number {
    return [...this.feeds.values()].reduce((sum, { opened }) => sum + (opened?.feed.clientCount ?? 0), 0);
  }

  /**
   * The feed with this key; opened with `open` when there is none. After a failure the next caller opens it again.
   * @throws ProblemError upstream_unavailable once the registry is closed.
   */
  async get(key: string, open: () => Promise<Opened>): Promise<Feed> {
    if (this.closed)
      throw new ProblemError('upstream_unavailable', 'This service is stopping. Connect again.');
    let entry = this.feeds.get(key);
    if (!entry) {
      entry = { opening: open(), opened: null };
      this.feeds.set(key, entry);
      void this.settle(key, entry);
    }
    return (await entry.opening).feed;
  }

  /** Drops the feed with this key and cuts off its clients. */
  drop(key: string): void {
    const opened = this.feeds.get(key)?.opened;
    this.feeds.delete(key);
    if (opened) shut(opened);
  }

  close(): void {
    this.closed = true;
    this.stop();
    for (const key of this.feeds.keys()) this.drop(key);
  }

  private async settle(key: string, entry: Entry): Promise<void> {
    try {
      const opened = await entry.opening;
      if (this.feeds.get(key) === entry) entry.opened = opened;
      // It was dropped while it opened.
      else shut(opened);
    } catch {
      // The caller of `get` has the error.
      if (this.feeds.get(key) === entry) this.feeds.delete(key);
    }
  }

  private tick(): void {
    this.ticks += 1;
    let turn = this.ticks;
    for (const [key, { opened }] of this.feeds) {
      if (!opened) continue;
      if (opened.feed.tick() >= LINGER_TICKS) this.drop(key);
      else if (this.ticks % HEARTBEAT_TICKS === 0) opened.feed.heartbeat();
      // Not all feeds in one tick. When the source does not answer, the check is repeated later.
      if (turn++ % HEARTBEAT_TICKS === 0) opened.check?.().catch(() => undefined);
    }
  }
}

function shut({ feed, close }: Opened): void {
  close();
  feed.cut();
}
