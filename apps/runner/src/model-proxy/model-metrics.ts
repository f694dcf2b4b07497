import type { Usage } from '@saas-codex/contracts/runs';
import { type Counter, type Histogram, type Metrics, SECONDS } from '@saas-codex/platform/metrics/metrics';

/** What the model proxy tells about the calls that pass it. */
export class ModelMetrics {
  private readonly firstBytes: Histogram;
  private readonly calls: Counter<'outcome'>;
  private readonly tokens: Counter<'kind'>;

  constructor(metrics: Metrics) {
    this.firstBytes = metrics.histogram({
      name: 'model_first_byte_seconds',
      help: "From a call to the model to the first byte of its answer's stream",
      buckets: SECONDS.long.concat(0.1, 0.25).toSorted((a, b) => a - b),
    });
    this.calls = metrics.counter({
      name: 'model_calls_total',
      help: 'Calls to the model: answered, refused by the upstream (or it was away), or given up by the run',
      labelNames: ['outcome'],
    });
    this.tokens = metrics.counter({
      name: 'model_tokens_total',
      help: 'Tokens, as the model counts them; cached_input is a part of input, reasoning_output of output',
      labelNames: ['kind'],
    });
  }

  /** Measures from now on. @returns to be called at the first byte */
  beginCall(): () => void {
    const end = this.firstBytes.startTimer();
    return () => void end();
  }

  endCall(outcome: 'answered' | 'refused' | 'given_up'): void {
    this.calls.inc({ outcome });
  }

  count(usage: Usage): void {
    this.tokens.inc({ kind: 'input' }, usage.input_tokens);
    this.tokens.inc({ kind: 'cached_input' }, usage.cached_input_tokens);
    this.tokens.inc({ kind: 'output' }, usage.output_tokens);
    this.tokens.inc({ kind: 'reasoning_output' }, usage.reasoning_output_tokens);
  }
}
