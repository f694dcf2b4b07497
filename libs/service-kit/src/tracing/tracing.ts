/*
 * Traces, from a click to Codex.
 *
 *     browser ─► gateway ─► backend ─► dispatch ─► runner: queue wait, turn ─► jail start, model calls
 *          traceparent header   └─ runs.traceparent ─┘ └─ StartRun, RunJob
 *
 * The parent of a span is always passed as W3C traceparent text, because most of the way is not a call: a run waits in Postgres,
 * then in a queue. Without OTEL_EXPORTER_OTLP_ENDPOINT, OpenTelemetry is not loaded, and a span only passes its parent on.
 */

export type Attributes = Record<string, string | number | boolean>;

export interface SpanOptions {
  /** Traceparent of the parent span; null starts a new trace. */
  parent: string | null;
  kind?: 'internal' | 'server' | 'client';
  attributes?: Attributes;
  /** Default: now. */
  startedAt?: Date;
}

export interface Span {
  /** The parent for spans within this one; null if there is no trace. */
  readonly traceparent: string | null;
  rename(name: string): void;
  set(attributes: Attributes): void;
  /** Records that something happened now. */
  mark(name: string): void;
  /** @param failure why it failed, a short text without secrets; left out if it succeeded */
  end(failure?: string): void;
}

export abstract class Tracing {
  abstract beginSpan(name: string, options: SpanOptions): Span;
  /** Sends the remaining spans. */
  abstract close(): Promise<void>;
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Returns null for text that is not a well-formed traceparent. Its sender gets a new trace. */
export function readTraceparent(text: unknown): { traceId: string; spanId: string; flags: number } | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(typeof text === 'string' ? text : '') ?? [];
  if (traceId === undefined || spanId === undefined) return null;
  return { traceId, spanId, flags: Number.parseInt(String(flags), 16) };
}

/** The id of the trace, for logs; undefined if there is none. */
export const traceIdOf = (traceparent: unknown): string | undefined => readTraceparent(traceparent)?.traceId;

/** Records nothing and passes traceparents on. */
export class NoTracing extends Tracing {
  beginSpan(_name: string, { parent }: SpanOptions): Span {
    const nothing = () => undefined;
    const traceparent = readTraceparent(parent) === null ? null : parent;
    return { traceparent, rename: nothing, set: nothing, mark: nothing, end: nothing };
  }

  async close(): Promise<void> {}
}
