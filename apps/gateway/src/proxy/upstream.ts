import type { ClientRequest, IncomingMessage } from 'node:http';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { ReplicaClient, type ReplicaRequest } from '@saas-codex/service-kit/replicas/replica-client';
import { CONFIG, type Config } from '../config.js';

/** Streams answer at once, everything else that may be asked for twice within seconds. */
export const PATIENCE_MS = 10_000;

/** The way to the backends; streams are silent for as long as they like. */
@Injectable()
export class Upstream extends ReplicaClient implements BeforeApplicationShutdown {
  constructor(@Inject(CONFIG) { BACKEND_URL }: Config) {
    super(BACKEND_URL);
  }

  /** A request of the gateway itself, without a body, that may be repeated. @throws Error when no backend answers */
  ask(options: ReplicaRequest): Promise<IncomingMessage> {
    const write = (request: ClientRequest) => void request.end();
    return this.send(options, { write, repeatable: true, patienceMs: PATIENCE_MS });
  }

  /** Before the HTTP server closes, since it waits for what is under way: an event stream has no end of its own. */
  beforeApplicationShutdown(): void {
    this.close();
  }
}
