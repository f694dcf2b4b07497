import { type DynamicModule, Module } from '@nestjs/common';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { LedgerClient, type LedgerSettings } from './ledger-client.js';
import { MODEL_PROXY_SETTINGS, ModelProxy } from './model-proxy.service.js';
import { ModelTelemetry } from './model-telemetry.js';
import type { ModelProxySettings } from './upstream.js';

@Module({})
export class ModelProxyModule {
  static with(settings: ModelProxySettings & LedgerSettings): DynamicModule {
    return {
      module: ModelProxyModule,
      providers: [
        { provide: MODEL_PROXY_SETTINGS, useValue: settings },
        { provide: LedgerClient, useFactory: () => new LedgerClient(settings) },
        HostResolver,
        ModelProxy,
        ModelTelemetry,
      ],
      exports: [LedgerClient, ModelProxy],
    };
  }
}
