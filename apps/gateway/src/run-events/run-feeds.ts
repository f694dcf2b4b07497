import type { OutgoingHttpHeaders } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { FeedRegistry } from '@saas-codex/event-log/sse/feed-registry';
import type { Feed } from '@saas-codex/event-log/sse/feed';
import { BackendClient } from '../proxy/backend-client.js';
import { RunFeed } from './run-feed.js';
import { RunStream } from './run-stream.js';

/** The runs that are watched through this gateway: one stream of the backend and one feed for each. */
@Injectable()
export class RunFeeds implements BeforeApplicationShutdown {
  private readonly feeds = new FeedRegistry();

  constructor(private readonly backend: BackendClient) {}

  /**
   * The feed of a run. Whether the client may have it has been checked.
   * @param headers of the client's request, for the backend, if the feed has to be opened
   * @throws Error when no backend responds, or this process is stopping
   */
  getFeed(runId: string, headers: OutgoingHttpHeaders): Promise<Feed> {
    return this.feeds.get(runId, async () => {
      const stream = new RunStream(this.backend, runId, headers);
      const run = await RunFeed.openFeed(stream, () => this.feeds.drop(runId));
      return { feed: run.feed, close: () => run.closeFeed() };
    });
  }

  /** Runs before the HTTP server closes, which waits for open streams. Their clients reconnect by themselves. */
  beforeApplicationShutdown(): void {
    this.feeds.close();
  }
}
