import {
  collectDefaultMetrics,
  Counter,
  type CounterConfiguration,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  Registry,
} from 'prom-client';

/*
 * The metrics of a process, for Prometheus.
 *
 *     features ──counter, gauge, histogram──► Metrics (one Registry per app) ◄──GET /metrics── Prometheus
 *
 * Every name starts with `saas_codex_`. A value that can be read on demand (a length, an age) is a gauge with `collect`, which
 * costs nothing between two scrapes.
 */

const PREFIX = 'saas_codex_';
/** Timeout of a gauge's `collect`, so that a store that hangs does not block all other metrics. */
const COLLECT_TIMEOUT_MS = 3_000;

/** Histogram buckets in seconds: for a response, and for something that a person waits for. */
export const SECONDS = {
  quick: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  long: [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
};

export type { Counter, Gauge, Histogram };

export class Metrics {
  private readonly registry = new Registry();

  /** @param token grants reading; if undefined, metrics are off and nothing costly is measured */
  constructor(readonly token: string | undefined) {
    if (token !== undefined) collectDefaultMetrics({ register: this.registry });
  }

  get enabled(): boolean {
    return this.token !== undefined;
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  counter<L extends string = never>(settings: Unprefixed<CounterConfiguration<L>>): Counter<L> {
    return new Counter(this.own(settings));
  }

  gauge<L extends string = never>(settings: Unprefixed<GaugeConfiguration<L>>): Gauge<L> {
    const { collect } = settings;
    if (!collect) return new Gauge(this.own(settings));
    const guarded = async function (this: Gauge<L>) {
      await withTimeout(async () => collect.call(this)).catch(() => clearGauge(this, settings.labelNames));
    };
    return new Gauge(this.own({ ...settings, collect: guarded }));
  }

  histogram<L extends string = never>(settings: Unprefixed<HistogramConfiguration<L>>): Histogram<L> {
    return new Histogram(this.own(settings));
  }

  /** All metrics in Prometheus' text format. */
  read(): Promise<string> {
    return this.registry.metrics();
  }

  private own<S extends { name: string }>(settings: S): S & { registers: Registry[] } {
    return { ...settings, name: PREFIX + settings.name, registers: [this.registry] };
  }
}

type Unprefixed<S extends { name: string }> = S & { registers?: never };

async function withTimeout(collect: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), COLLECT_TIMEOUT_MS);
  });
  try {
    await Promise.race([collect(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Removes a gauge's value, which is out of date. 0 would look like a measurement. */
function clearGauge(gauge: Gauge, labelNames: readonly string[] | undefined): void {
  gauge.reset();
  if (!labelNames?.length) gauge.set(Number.NaN);
}
