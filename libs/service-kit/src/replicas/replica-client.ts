import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { CLIENT_KEEP_ALIVE_MS } from '../http/keep-alive.js';
import { type Replica, Replicas, type ReplicasOptions } from './replicas.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Node applies `timeout` to idle connections only: it closes them. */
const AGENT = { keepAlive: true, maxFreeSockets: 64, timeout: CLIENT_KEEP_ALIVE_MS };

export interface ReplicaRequest extends Required<Pick<RequestOptions, 'method' | 'path' | 'headers'>> {
  /** Aborts the request and its response. No other replica is tried then. */
  signal?: AbortSignal;
}

export interface SendOptions {
  /** Writes the body, if any, and ends the request. Called once per replica that is reached. */
  write: (request: ClientRequest) => void;
  /** Whether the request may reach two replicas, and `write` may be called again. */
  repeatable: boolean;
  /** How long a replica may take to respond, in ms, before a repeatable request goes to the next one, if there is one. */
  responseTimeoutMs: number;
}

/**
 * An HTTP client for the replicas of a service. Connections are kept alive. Their number is not limited, because every open
 * event stream needs one. A response that has begun has no timeout.
 *
 *     a replica
 *       refuses the connection            no replica has seen the request: try the next one
 *       disconnects without a response    try the next one if the request is repeatable
 *       does not respond: it is frozen    the same
 *       disconnects within the response   the response ends with an error
 *
 * Our own, not an undici pool: undici does not fail over from a replica that accepts connections and then freezes.
 */
export class ReplicaClient {
  readonly replicas: Replicas;
  private readonly agents = {
    'http:': new HttpAgent(AGENT),
    'https:': new HttpsAgent(AGENT),
  };

  constructor(urls: URL[], options?: ReplicasOptions) {
    this.replicas = new Replicas(urls, options);
  }

  /**
   * @returns the response of the first replica that responds
   * @throws the error of the last replica, or the error with which `write` destroyed the request
   */
  async sendRequest(
    options: ReplicaRequest,
    { write, repeatable, responseTimeoutMs }: SendOptions,
  ): Promise<IncomingMessage> {
    const queue = await this.replicas.orderForRequest();
    const tried = new Set<Replica>();
    let failure: unknown;
    for (let replica = queue.shift(); replica; replica = queue.shift()) {
      const request = this.request(replica, options);
      const giveUp = () => {
        this.replicas.deprioritise(replica, 'silent');
        request.destroy(new Error('the replica did not respond in time'));
      };
      const timer = repeatable && queue.length > 0 ? setTimeout(giveUp, responseTimeoutMs) : undefined;
      let reached = false;
      try {
        await connected(request);
        reached = true;
        return await responded(request, write);
      } catch (error) {
        failure = error;
        if (options.signal?.aborted) break;
        if (!reached) this.replicas.deprioritise(replica, 'refused');
        else if (!repeatable) break;
        // The replica may only have closed an idle connection. One more attempt uses another connection.
        if (request.reusedSocket && !tried.has(replica)) queue.push(replica);
        tried.add(replica);
      } finally {
        clearTimeout(timer);
      }
    }
    throw failure;
  }

  /** Sends a request without a body to this replica only. @throws Error when it does not respond */
  async sendToReplica(replica: Replica, options: ReplicaRequest): Promise<IncomingMessage> {
    const request = this.request(replica, options);
    await connected(request);
    return responded(request, () => request.end());
  }

  /** Aborts all requests. */
  close(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private request(replica: Replica, { headers, ...options }: ReplicaRequest): ClientRequest {
    const { protocol, address, port, name } = replica;
    const request = (protocol === 'https:' ? httpsRequest : httpRequest)({
      ...options,
      hostname: address,
      port,
      headers: { ...headers, host: hostHeader(replica) },
      agent: this.agents[protocol],
      ...(protocol === 'https:' && isIP(name) === 0 && { servername: name }),
    });
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => request.destroy(new Error('connecting timed out')), CONNECT_TIMEOUT_MS);
      socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
    });
    return request;
  }
}

/** Resolves when the request has a connection. The body is written only then, so a refused connection cannot lose it. */
function connected(request: ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    // Not `once`: a destroyed request may fail again.
    request.on('error', reject);
    request.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', resolve);
      else resolve();
    });
  });
}

function responded(request: ClientRequest, write: SendOptions['write']): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
    write(request);
  });
}

const DEFAULT_PORTS = { 'http:': 80, 'https:': 443 };

function hostHeader({ protocol, name, port }: Replica): string {
  const host = isIP(name) === 6 ? `[${name}]` : name;
  return port === DEFAULT_PORTS[protocol] ? host : `${host}:${port}`;
}
