import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { ReplicaClient } from '@saas-codex/platform/replicas/replica-client';
import { CONFIG, type Config } from '../config.js';

/** The way to the backends; streams are silent for as long as they like. */
@Injectable()
export class Upstream extends ReplicaClient implements BeforeApplicationShutdown {
  constructor(@Inject(CONFIG) { BACKEND_URL }: Config) {
    super(BACKEND_URL);
  }

  /** Before the HTTP server closes, since it waits for what is under way: an event stream has no end of its own. */
  beforeApplicationShutdown(): void {
    this.close();
  }
}
