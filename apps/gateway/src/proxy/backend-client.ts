import type { ClientRequest, IncomingMessage } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { ReplicaClient, type ReplicaRequest } from '@saas-codex/service-kit/replicas/replica-client';
import { CONFIG, type Config } from '../config.js';

/** How long a backend may take to respond to a repeatable request. Streams begin at once, everything else within seconds. */
export const RESPONSE_TIMEOUT_MS = 10_000;

/** The HTTP client for the backends. A stream that has begun may be silent for any time. */
@Injectable()
export class BackendClient extends ReplicaClient implements BeforeApplicationShutdown {
  constructor(@Inject(CONFIG) { BACKEND_URL }: Config) {
    super(BACKEND_URL);
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
