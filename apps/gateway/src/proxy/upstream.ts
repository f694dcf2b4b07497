import {
  Agent as HttpAgent,
  type ClientRequest,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The way to the backend: kept-alive connections, as many as there are requests, since each open event stream
 * keeps one. Nothing but connecting has a time limit; streams are silent for as long as they like.
 */
@Injectable()
export class Upstream implements BeforeApplicationShutdown {
  private readonly target: URL;
  private readonly agent: HttpAgent;
  private readonly send: typeof httpRequest;

  constructor(@Inject(CONFIG) { BACKEND_URL }: Config) {
    const https = BACKEND_URL.protocol === 'https:';
    this.target = BACKEND_URL;
    this.agent = new (https ? HttpsAgent : HttpAgent)({ keepAlive: true, maxFreeSockets: 64 });
    this.send = https ? httpsRequest : httpRequest;
  }

  request(options: Pick<RequestOptions, 'method' | 'path' | 'headers'>): ClientRequest {
    const { hostname, port } = this.target;
    // A URL has an IPv6 address in brackets, a socket wants it without.
    const request = this.send({
      ...options,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      agent: this.agent,
    });
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(
        () => request.destroy(new Error('connecting took too long')),
        CONNECT_TIMEOUT_MS,
      );
      socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
    });
    return request;
  }

  /** Before the HTTP server closes, since it waits for what is under way: an event stream has no end of its own. */
  beforeApplicationShutdown(): void {
    this.agent.destroy();
  }
}
