import type { Feed } from './feed.js';

const TICK_MS = 1_000;
const HEARTBEAT_TICKS = 15;
/** A feed that nobody watches is kept this long, for those who reload. */
const LINGER_TICKS = 30;

/** What makes ticks; tests make them by hand. @returns a function that stops them. */
export type Ticker = (tick: () => void) => () => void;

const everySecond: Ticker = (tick) => {
  const timer = setInterval(tick, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
};

interface Open {
  feed: Promise<Feed>;
  /** Set once `feed` is there. */
  opened: Feed | null;
  close: () => void;
}

/** The feeds of a process by key: opened once, ticked together, dropped some time after the last client has left. */
export class FeedRegistry {
  private readonly feeds = new Map<string, Open>();
  private readonly stop: () => void;
  private ticks = 0;

  constructor(ticker: Ticker = everySecond) {
    this.stop = ticker(() => this.tick());
  }

  /**
   * The feed under this key; opened with `open` when there is none. An opening that fails is tried again by the
   * next caller.
   */
  get(key: string, open: () => Promise<{ feed: Feed; close: () => void }>): Promise<Feed> {
    const known = this.feeds.get(key);
    if (known) return known.feed;
    const entry: Open = { feed: this.open(key, open), opened: null, close: () => undefined };
    this.feeds.set(key, entry);
    return entry.feed;
  }

  private async open(key: string, open: () => Promise<{ feed: Feed; close: () => void }>): Promise<Feed> {
    try {
      const { feed, close } = await open();
      const entry = this.feeds.get(key);
      if (entry) Object.assign(entry, { opened: feed, close });
      else close();
      return feed;
    } catch (error) {
      this.feeds.delete(key);
      throw error;
    }
  }

  /** Cuts off everybody who watches this key. */
  drop(key: string): void {
    const entry = this.feeds.get(key);
    this.feeds.delete(key);
    entry?.close();
    entry?.opened?.cut();
  }

  close(): void {
    this.stop();
    for (const key of this.feeds.keys()) this.drop(key);
  }

  private tick(): void {
    this.ticks += 1;
    for (const [key, { opened }] of this.feeds) {
      if (!opened) continue;
      if (opened.tick() >= LINGER_TICKS) this.drop(key);
      else if (this.ticks % HEARTBEAT_TICKS === 0) opened.heartbeat();
    }
  }
}
