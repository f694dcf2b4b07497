import { type Histogram, Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { Injectable } from '@nestjs/common';
import type { StreamEntry } from '@saas-codex/event-log/redis-stream/stream-entry';
import type { HubOptions } from '@saas-codex/event-log/sse/feed-registry';

type StreamName = 'run' | 'activity';

/** An older entry was there before the client came: it is replayed, which is no lag. */
const REPLAY_SECONDS = 60;
const LAG_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** How many clients the event streams have, and how late they are. */
@Injectable()
export class StreamMetrics {
  private readonly hubs = new Map<StreamName, { clientCount: number }>();
  private readonly lag: Histogram<'stream'>;

  constructor(private readonly metrics: Metrics) {
    const { hubs } = this;
    metrics.gauge({
      name: 'sse_clients',
      help: 'Event streams that are open for clients',
      labelNames: ['stream'],
      collect() {
        for (const [stream, hub] of hubs) this.set({ stream }, hub.clientCount);
      },
    });
    this.lag = metrics.histogram({
      name: 'event_lag_seconds',
      help: 'Age of the newest entry of each batch when it is handed to clients, by the clocks of its writer and the backend',
      labelNames: ['stream'],
      buckets: LAG_BUCKETS,
    });
  }

  /** Creates a hub whose clients and lag are measured. */
  of<H extends { clientCount: number }>(stream: StreamName, make: (options: HubOptions) => H): H {
    const onLive: HubOptions['onLive'] = (entries) => {
      const last = entries.at(-1);
      const age = last === undefined ? null : ageOf(last);
      if (age !== null && age < REPLAY_SECONDS) this.lag.observe({ stream }, age);
    };
    const hub = make(this.metrics.enabled ? { onLive } : {});
    this.hubs.set(stream, hub);
    return hub;
  }
}

/** `at` comes early in an envelope, before the data, which may be long. */
const HEAD_BYTES = 512;
const WRITTEN_AT = /"at":"([^"]{1,40})"/;

/**
 * The age of an entry in seconds, by its writer's clock and ours. Looks at the entry's first bytes instead of parsing it.
 * @returns null when they have no time
 */
function ageOf({ event }: StreamEntry): number | null {
  const at = WRITTEN_AT.exec(event.subarray(0, HEAD_BYTES).toString('latin1'))?.[1];
  const writtenAt = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(writtenAt) ? null : Math.max(0, (Date.now() - writtenAt) / 1_000);
}
