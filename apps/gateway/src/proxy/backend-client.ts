import type { ClientRequest, IncomingMessage } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { HEADERS } from '@saas-codex/contracts/http';
import { gatewayMark } from '@saas-codex/service-kit/http/gateway-mark';
import {
  ReplicaClient,
  type ReplicaRequest,
  type SendOptions,
} from '@saas-codex/service-kit/replicas/replica-client';
import { CONFIG, type Config } from '../config.js';

/** How long a backend may take to respond to a repeatable request. Streams begin at once, everything else within seconds. */
export const RESPONSE_TIMEOUT_MS = 10_000;

/** The HTTP client for the backends. A stream that has begun may be silent for any time. */
@Injectable()
export class BackendClient extends ReplicaClient implements BeforeApplicationShutdown {
  /** Proves that a gateway sends the request. Empty where there is no secret that could prove it. */
  private readonly mark: Record<string, string>;

  constructor(@Inject(CONFIG) { BACKEND_URL, REDIS_URL }: Config) {
    super(BACKEND_URL);
    const mark = gatewayMark(REDIS_URL);
    this.mark = mark === null ? {} : { [HEADERS.gatewayMark]: mark };
  }

  /** Marks the request as one that a gateway has judged and counted. */
  override sendRequest(options: ReplicaRequest, how: SendOptions): Promise<IncomingMessage> {
    const headers = { ...options.headers, ...this.mark };
    return super.sendRequest({ ...options, headers }, how);
  }

  /** Sends a repeatable request of the gateway itself, without a body. @throws Error when no backend responds */
  sendOwnRequest(options: ReplicaRequest): Promise<IncomingMessage> {
    const write = (request: ClientRequest) => void request.end();
    return this.sendRequest(options, { write, repeatable: true, responseTimeoutMs: RESPONSE_TIMEOUT_MS });
  }

  /** Runs before the HTTP server closes, which waits for open requests: an event stream does not end by itself. */
  beforeApplicationShutdown(): void {
    this.close();
  }
}
