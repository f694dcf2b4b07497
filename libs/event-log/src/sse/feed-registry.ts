import { ProblemError } from '@saas-codex/service-kit/problem';
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

interface Opened {
  feed: Feed;
  /** Stops whatever feeds it. */
  close: () => void;
  /** Looks whether the feed still gets what its source has; called as often as there are heartbeats. */
  check?: () => Promise<void>;
}

interface Entry {
  opening: Promise<Opened>;
  /** Set once it has opened. */
  opened: Opened | null;
}

/** The feeds of a process by key: opened once, ticked together, dropped some time after the last client has left. */
export class FeedRegistry {
  private readonly feeds = new Map<string, Entry>();
  private readonly stop: () => void;
  private ticks = 0;
  private closed = false;

  constructor(ticker: Ticker = everySecond) {
    this.stop = ticker(() => this.tick());
  }

  /** Those who watch any of the feeds. */
  get clientCount(): number {
    return [...this.feeds.values()].reduce((sum, { opened }) => sum + (opened?.feed.clientCount ?? 0), 0);
  }

  /**
   * The feed under this key; opened with `open` when there is none. An opening that fails is tried again by the
   * next caller.
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

  /** Cuts off everybody who watches this key. */
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
      // Dropped while it opened.
      else shut(opened);
    } catch {
      // Whoever asked has the error.
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
      // Not all feeds at once. A source that is away says nothing; it is asked again.
      if (turn++ % HEARTBEAT_TICKS === 0) opened.check?.().catch(() => undefined);
    }
  }
}

function shut({ feed, close }: Opened): void {
  close();
  feed.cut();
}
