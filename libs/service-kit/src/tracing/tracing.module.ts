import { type DynamicModule, Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { NoTracing, Tracing } from './tracing.js';

/** Sends the last spans when everything that makes some has ended. */
@Injectable()
class LastSpans implements OnApplicationShutdown {
  constructor(private readonly tracing: Tracing) {}

  /** A collector that is away must not keep a service from ending. */
  async onApplicationShutdown(): Promise<void> {
    await this.tracing.close().catch(() => undefined);
  }
}

/** Lets every feature of an app inject its `Tracing`. */
@Global()
@Module({})
export class TracingModule {
  static with(service: string, config: { OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined }): DynamicModule {
    const useFactory = () => startTracing(service, config.OTEL_EXPORTER_OTLP_ENDPOINT);
    return {
      module: TracingModule,
      providers: [{ provide: Tracing, useFactory }, LastSpans],
      exports: [Tracing],
    };
  }
}

async function startTracing(service: string, endpoint: string | undefined): Promise<Tracing> {
  if (endpoint === undefined) return new NoTracing();
  const { OtelTracing } = await import('./otel-tracing.js');
  return new OtelTracing(service, endpoint);
}
