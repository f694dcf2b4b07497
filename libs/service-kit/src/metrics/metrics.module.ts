import { type DynamicModule, Global, Module } from '@nestjs/common';
import { HttpMetrics } from './http-metrics.js';
import { Metrics } from './metrics.js';

/** Provides `Metrics` to every feature of an app. */
@Global()
@Module({})
export class MetricsModule {
  static with({ METRICS_TOKEN }: { METRICS_TOKEN?: string | undefined }): DynamicModule {
    return {
      module: MetricsModule,
      providers: [{ provide: Metrics, useFactory: () => new Metrics(METRICS_TOKEN) }, HttpMetrics],
      exports: [Metrics, HttpMetrics],
    };
  }
}
