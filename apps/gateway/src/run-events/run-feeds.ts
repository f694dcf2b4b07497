import type { OutgoingHttpHeaders } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { FeedRegistry } from '@saas-codex/event-log/sse/feed-registry';
import type { Feed } from '@saas-codex/event-log/sse/feed';
import { BackendClient } from '../proxy/backend-client.js';
import type { Permission } from './permissions.js';
import { RunFeed } from './run-feed.js';
import { RefusedError, RunStream } from './run-stream.js';

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
  async getFeed(runId: string, headers: OutgoingHttpHeaders): Promise<Feed> {
    try {
      return await this.openOnce(runId, headers);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      // Another client was opening it, and was refused.
      return this.openOnce(runId, headers);
    }
  }

  /**
   * Opens the feed of a run for a client that starts at its beginning. The backend's answer says whether the client may have it.
   * @returns null when the feed is open already, or the backend refuses
   * @throws Error when no backend responds, or this process is stopping
   */
  async openFor(
    runId: string,
    headers: OutgoingHttpHeaders,
  ): Promise<{ feed: Feed; permission: Permission } | null> {
    let permission: Permission | null = null;
    try {
      const feed = await this.openOnce(runId, headers, (given) => (permission = given));
      return permission && { feed, permission };
    } catch (error) {
      if (error instanceof RefusedError) return null;
      throw error;
    }
  }

  /** @param onOpened gets what the backend says of the client, if this call has opened the feed */
  private openOnce(
    runId: string,
    headers: OutgoingHttpHeaders,
    onOpened?: (permission: Permission) => void,
  ): Promise<Feed> {
    return this.feeds.get(runId, async () => {
      const stream = new RunStream(this.backend, runId, headers);
      const run = await RunFeed.openFeed(stream, () => this.feeds.drop(runId));
      onOpened?.(run.permission);
      return { feed: run.feed, close: () => run.closeFeed() };
    });
  }

  /** Runs before the HTTP server closes, which waits for open streams. Their clients reconnect by themselves. */
  beforeApplicationShutdown(): void {
    this.feeds.close();
  }
}
