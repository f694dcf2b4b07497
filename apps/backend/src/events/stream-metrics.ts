import { type Histogram, Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { ageOf } from '@saas-codex/event-log/sse/event-age';
import type { HubOptions } from '@saas-codex/event-log/sse/hub-options';
import { Injectable } from '@nestjs/common';

type StreamName = 'run' | 'activity';

/** An entry that is older was there before somebody came to watch: it is replayed, which is no lag. */
const REPLAY_SECONDS = 60;
const LAG_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What the event streams tell about themselves. */
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

  /** The hub that `make` makes tells how many clients it has and how late it is. */
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
