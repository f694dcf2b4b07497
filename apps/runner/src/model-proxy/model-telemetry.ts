import { Injectable } from '@nestjs/common';
import type { Usage } from '@saas-codex/contracts/runs';
import { type Counter, type Histogram, Metrics, SECONDS } from '@saas-codex/service-kit/metrics/metrics';
import { Tracing } from '@saas-codex/service-kit/tracing/tracing';
import type { ModelRun } from './model-access.js';

/** The outcome of a call: answered, refused by the upstream (or it was unavailable), or given up by the run. */
type CallOutcome = 'answered' | 'refused' | 'given_up';

/** Records one call to the model. */
export interface CallTelemetry {
  recordFirstByte(): void;
  addUsage(usage: Usage): void;
  endCall(outcome: CallOutcome): void;
}

/** Metrics and traces of the calls through the model proxy, never their content. */
@Injectable()
export class ModelTelemetry {
  private readonly firstBytes: Histogram;
  private readonly calls: Counter<'outcome'>;
  private readonly tokens: Counter<'kind'>;

  constructor(
    metrics: Metrics,
    private readonly tracing: Tracing,
  ) {
    this.firstBytes = metrics.histogram({
      name: 'model_first_byte_seconds',
      help: 'From a call to the model to the first byte of its response',
      buckets: SECONDS.long.concat(0.1, 0.25).toSorted((a, b) => a - b),
    });
    this.calls = metrics.counter({
      name: 'model_calls_total',
      help: 'Calls to the model: answered, refused by the upstream (or it was unavailable), or given up by the run',
      labelNames: ['outcome'],
    });
    this.tokens = metrics.counter({
      name: 'model_tokens_total',
      help: 'Tokens as the model counts them. cached_input is part of input, reasoning_output is part of output',
      labelNames: ['kind'],
    });
  }

  /** @param number number of the call within its run */
  beginCall({ caller: { runId, traceparent } }: ModelRun, number: number): CallTelemetry {
    const endTimer = this.firstBytes.startTimer();
    const attributes = { run_id: runId, call: number };
    const span = this.tracing.beginSpan('model call', { parent: traceparent, kind: 'client', attributes });
    return {
      recordFirstByte: () => {
        endTimer();
        span.mark('first byte');
      },
      addUsage: (usage) => {
        this.countTokens(usage);
        span.set({ input_tokens: usage.input_tokens, output_tokens: usage.output_tokens });
      },
      endCall: (outcome) => {
        this.calls.inc({ outcome });
        span.end(outcome === 'answered' ? undefined : outcome);
      },
    };
  }

  private countTokens(usage: Usage): void {
    this.tokens.inc({ kind: 'input' }, usage.input_tokens);
    this.tokens.inc({ kind: 'cached_input' }, usage.cached_input_tokens);
    this.tokens.inc({ kind: 'output' }, usage.output_tokens);
    this.tokens.inc({ kind: 'reasoning_output' }, usage.reasoning_output_tokens);
  }
}
