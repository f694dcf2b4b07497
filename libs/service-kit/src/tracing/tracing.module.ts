import { type DynamicModule, Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { NoTracing, Tracing } from './tracing.js';

/** Sends the remaining spans at shutdown, after everything that records spans. */
@Injectable()
class SpanFlusher implements OnApplicationShutdown {
  constructor(private readonly tracing: Tracing) {}

  /** An unavailable collector must not prevent the shutdown. */
  async onApplicationShutdown(): Promise<void> {
    await this.tracing.close().catch(() => undefined);
  }
}

/** Provides `Tracing` to every feature of an app. */
@Global()
@Module({})
export class TracingModule {
  static with(service: string, config: { OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined }): DynamicModule {
    const useFactory = () => startTracing(service, config.OTEL_EXPORTER_OTLP_ENDPOINT);
    return {
      module: TracingModule,
      providers: [{ provide: Tracing, useFactory }, SpanFlusher],
      exports: [Tracing],
    };
  }
}

async function startTracing(service: string, endpoint: string | undefined): Promise<Tracing> {
  if (endpoint === undefined) return new NoTracing();
  const { OtelTracing } = await import('./otel-tracing.js');
  return new OtelTracing(service, endpoint);
}
