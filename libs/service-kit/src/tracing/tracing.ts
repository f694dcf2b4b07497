/*
 * Traces, from a click to Codex.
 *
 *     browser ─► gateway ─► backend ─► dispatch ─► runner: queue wait, turn ─► jail start, model calls
 *          traceparent header   └─ runs.traceparent ─┘ └─ StartRun, RunJob
 *
 * What a span belongs to is always handed on as W3C traceparent text, since most of the way is no call: a run waits in Postgres,
 * then in a queue. Without OTEL_EXPORTER_OTLP_ENDPOINT nothing of OpenTelemetry is loaded, and a span is no more than the
 * traceparent that it was given.
 */

export type Attributes = Record<string, string | number | boolean>;

export interface SpanOptions {
  /** traceparent of what it belongs to; null: it begins a trace. */
  parent: string | null;
  kind?: 'internal' | 'server' | 'client';
  attributes?: Attributes;
  /** When it began; left out: now. */
  startedAt?: Date;
}

export interface Span {
  /** For what belongs to it; null: nothing is traced. */
  readonly traceparent: string | null;
  rename(name: string): void;
  set(attributes: Attributes): void;
  /** Something happened within it, now. */
  mark(name: string): void;
  /** @param failure why it did not do what it was for; a short text without secrets */
  end(failure?: string): void;
}

export abstract class Tracing {
  abstract begin(name: string, options: SpanOptions): Span;
  /** Sends what is left. */
  abstract close(): Promise<void>;
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** null for what is not well formed: whoever sends it gets a trace of our own. */
export function readTraceparent(text: unknown): { traceId: string; spanId: string; flags: number } | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(typeof text === 'string' ? text : '') ?? [];
  if (traceId === undefined || spanId === undefined) return null;
  return { traceId, spanId, flags: Number.parseInt(String(flags), 16) };
}

/** Names the trace in logs; undefined: there is none. */
export const traceIdOf = (traceparent: unknown): string | undefined => readTraceparent(traceparent)?.traceId;

/** Hands on what it gets. */
export class NoTracing extends Tracing {
  begin(_name: string, { parent }: SpanOptions): Span {
    const nothing = () => undefined;
    const traceparent = readTraceparent(parent) === null ? null : parent;
    return { traceparent, rename: nothing, set: nothing, mark: nothing, end: nothing };
  }

  async close(): Promise<void> {}
}
