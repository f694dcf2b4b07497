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
 * What a process can tell Prometheus.
 *
 *     features ──counter, gauge, histogram──► Metrics (one Registry per app) ◄──GET /metrics── Prometheus
 *
 * Every name starts with `saas_codex_`. What can be asked when Prometheus asks (lengths, ages) is a gauge with `collect`; it
 * costs nothing between two scrapes.
 */

const PREFIX = 'saas_codex_';
/** How long whoever is asked for a gauge may take: one store that hangs must not keep everything else untold. */
const COLLECT_MS = 3_000;

/** From what is felt at once to what a person goes for a coffee over. */
export const SECONDS = {
  quick: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  long: [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
};

export type { Counter, Gauge, Histogram };

export class Metrics {
  private readonly registry = new Registry();

  /** @param token who sends it may read; undefined: nobody reads, and nothing is measured that costs anything. */
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
      await inTime(async () => collect.call(this)).catch(() => untell(this, settings.labelNames));
    };
    return new Gauge(this.own({ ...settings, collect: guarded }));
  }

  histogram<L extends string = never>(settings: Unprefixed<HistogramConfiguration<L>>): Histogram<L> {
    return new Histogram(this.own(settings));
  }

  /** Everything, in Prometheus' text format. */
  read(): Promise<string> {
    return this.registry.metrics();
  }

  private own<S extends { name: string }>(settings: S): S & { registers: Registry[] } {
    return { ...settings, name: PREFIX + settings.name, registers: [this.registry] };
  }
}

type Unprefixed<S extends { name: string }> = S & { registers?: never };

async function inTime(collect: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), COLLECT_MS);
  });
  try {
    await Promise.race([collect(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What it was before is not true any more, and 0 would be an answer. */
function untell(gauge: Gauge, labelNames: readonly string[] | undefined): void {
  gauge.reset();
  if (!labelNames?.length) gauge.set(Number.NaN);
}
