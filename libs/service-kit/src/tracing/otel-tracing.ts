import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { VERSION } from '../version.js';
import { readTraceparent, type Span, type SpanOptions, Tracing } from './tracing.js';

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT };

/** Sends spans to an OpenTelemetry collector by OTLP over HTTP, in batches. Loaded only if a collector is configured. */
export class OtelTracing extends Tracing {
  private readonly provider: BasicTracerProvider;
  private readonly tracer: Tracer;

  /** @param endpoint root URL of the collector, from OTEL_EXPORTER_OTLP_ENDPOINT */
  constructor(service: string, endpoint: string) {
    super();
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
    this.provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.name': `saas-codex-${service}`,
        'service.version': VERSION,
      }),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    this.tracer = this.provider.getTracer('saas-codex', VERSION);
  }

  beginSpan(name: string, { parent, kind = 'internal', attributes, startedAt }: SpanOptions): Span {
    const options = {
      kind: KINDS[kind],
      ...(attributes && { attributes }),
      startTime: startedAt ?? Date.now(),
    };
    const span = this.tracer.startSpan(name, options, contextOf(parent));
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      rename: (text) => void span.updateName(text),
      set: (more) => void span.setAttributes(more),
      mark: (text) => void span.addEvent(text),
      end: (failure) => {
        if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
        span.end();
      },
    };
  }

  close(): Promise<void> {
    return this.provider.shutdown();
  }
}

function contextOf(parent: string | null): Context {
  const found = readTraceparent(parent);
  if (found === null) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = found;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags & 1, isRemote: true });
}
