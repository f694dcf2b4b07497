import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import type { EventData } from '@saas-codex/contracts/events';
import { type Network, NETWORK_OFF } from '@saas-codex/contracts/network';
import type { GrantedModelServer } from '@saas-codex/contracts/runner-api';
import type { Usage } from '@saas-codex/contracts/runs';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { NoTracing } from '@saas-codex/service-kit/tracing/tracing';
import type { TokenAccess } from '../../../../apps/runner/src/model-proxy/model-access.js';
import type { RejectedCommand } from '../../../../apps/runner/src/model-proxy/rejected-commands.js';
import { ModelProxy } from '../../../../apps/runner/src/model-proxy/model-proxy.service.js';
import { NO_SECRETS } from '../../../../apps/runner/src/redaction/redactor.js';
import { ModelTelemetry } from '../../../../apps/runner/src/model-proxy/model-telemetry.js';

export const KEY = 'sk-the-real-key-0123456789';
const BODY = JSON.stringify({ model: 'm', input: [] });

export const sse = (...events: object[]) =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

export const textDelta = (delta: string) => ({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index: 0,
  delta,
});

export const streams = (text: string) => (res: ServerResponse) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.end(text);
};

/** A model proxy in front of a model server that the spec controls. Records requests and what the proxy reports. */
export class ProxyWorld {
  private readonly upstream = createServer((req, res) => {
    this.seen.push(req);
    this.answer(req, res);
  });
  upstreamUrl: string;
  answer: RequestListener;
  seen: IncomingMessage[] = [];
  heard: {
    usages: Usage[];
    errors: string[];
    refused: EventData<'network.refused'>[];
    rejected: RejectedCommand[];
  };
  proxy: ModelProxy;

  async start(): Promise<void> {
    Logger.overrideLogger(false);
    this.upstream.listen(0, '127.0.0.1');
    await once(this.upstream, 'listening');
    this.upstreamUrl = `http://127.0.0.1:${(this.upstream.address() as AddressInfo).port}/v1`;
  }

  reset(): void {
    this.seen = [];
    this.heard = { usages: [], errors: [], refused: [], rejected: [] };
    this.proxy = new ModelProxy(
      { CODEX_API_KEY: KEY, CODEX_BASE_URL: this.upstreamUrl },
      new ModelTelemetry(new Metrics(undefined), new NoTracing()),
      new HostResolver(),
    );
  }

  async stop(): Promise<void> {
    this.upstream.closeAllConnections();
    this.upstream.close();
    await once(this.upstream, 'close');
  }

  open(
    runId = 'run-1',
    from = this.proxy,
    network: Network = NETWORK_OFF,
    model: string | null = null,
    modelServer: GrantedModelServer | null = null,
  ): Promise<TokenAccess> {
    const { heard } = this;
    return from.openTokenAccess(
      {
        runId,
        tenantId: 'tenant-1',
        network,
        model,
        redactor: NO_SECRETS,
        modelServer,
        traceparent: null,
        ledger: null,
      },
      {
        onUsage: (usage) => heard.usages.push(usage),
        onUpstreamError: (sentence) => heard.errors.push(sentence),
        onRefused: (refusal) => heard.refused.push(refusal),
        onRejectedCommand: (rejected) => heard.rejected.push(rejected),
        onLimitReached: () => undefined,
        onLimitLifted: () => undefined,
      },
    );
  }

  /** Calls the proxy as Codex does. */
  call(
    access: { baseUrl: string; token: string },
    init: RequestInit & { path?: string } = {},
  ): Promise<Response> {
    return fetch(`${access.baseUrl}${init.path ?? '/responses'}`, {
      method: 'POST',
      body: BODY,
      redirect: 'manual',
      ...init,
      headers: {
        authorization: `Bearer ${access.token}`,
        'content-type': 'application/json',
        ...init.headers,
      },
    });
  }
}
