import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { type Replica, Replicas, type ReplicasOptions } from './replicas.js';

const CONNECT_TIMEOUT_MS = 5_000;

export interface ReplicaRequest extends Required<Pick<RequestOptions, 'method' | 'path' | 'headers'>> {
  /** Ends the request, its answer included; no other replica is asked then. */
  signal?: AbortSignal;
}

export interface Sending {
  /** Writes the body, if any, and ends the request; called once per replica that is reached. */
  write: (request: ClientRequest) => void;
  /** Whether the request may reach two replicas, and `write` may be called again. */
  repeatable: boolean;
  /** How long one replica may keep silent, in ms, before a request that is repeatable goes to the next, if there is one. */
  patienceMs: number;
}

/**
 * HTTP to the replicas of a service: kept-alive connections, as many as there are requests, since an open event stream
 * keeps one. An answer that has begun may take as long as it likes.
 *
 *     takes no connection          nobody has seen the request: it goes to the next replica, whatever it is
 *     breaks without an answer     it goes to the next one if it is repeatable
 *     keeps silent: it is frozen   the same
 *     breaks after the answer began   the answer ends with an error
 */
export class ReplicaClient {
  readonly replicas: Replicas;
  private readonly agents = {
    'http:': new HttpAgent({ keepAlive: true, maxFreeSockets: 64 }),
    'https:': new HttpsAgent({ keepAlive: true, maxFreeSockets: 64 }),
  };

  constructor(urls: URL[], options?: ReplicasOptions) {
    this.replicas = new Replicas(urls, options);
  }

  /**
   * @returns the answer of the first replica that gives one
   * @throws the last replica's error, or what `write` destroyed the request with
   */
  async send(options: ReplicaRequest, { write, repeatable, patienceMs }: Sending): Promise<IncomingMessage> {
    const queue = await this.replicas.inOrder();
    const again = new Set<Replica>();
    let failure: unknown;
    for (let replica = queue.shift(); replica; replica = queue.shift()) {
      const request = this.request(replica, options);
      const silent = () => {
        this.replicas.setAside(replica, 'silent');
        request.destroy(new Error('kept silent for too long'));
      };
      const patience = repeatable && queue.length > 0 ? setTimeout(silent, patienceMs) : undefined;
      let reached = false;
      try {
        await connected(request);
        reached = true;
        return await answered(request, write);
      } catch (error) {
        failure = error;
        if (options.signal?.aborted) break;
        if (!reached) this.replicas.setAside(replica, 'refused');
        else if (!repeatable) break;
        // It may only have been closing a connection that it had kept.
        if (request.reusedSocket && !again.has(replica)) queue.push(replica);
        again.add(replica);
      } finally {
        clearTimeout(patience);
      }
    }
    throw failure;
  }

  /** A request without a body, to this replica alone. @throws Error when it does not answer */
  async sendTo(replica: Replica, options: ReplicaRequest): Promise<IncomingMessage> {
    const request = this.request(replica, options);
    await connected(request);
    return answered(request, () => request.end());
  }

  /** Breaks whatever is under way. */
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
      const timer = setTimeout(
        () => request.destroy(new Error('connecting took too long')),
        CONNECT_TIMEOUT_MS,
      );
      socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
    });
    return request;
  }
}

/** Resolves when the request has a connection; a body that goes out only then is not lost with one that is refused. */
function connected(request: ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    // Not once: a request may fail again after it was destroyed.
    request.on('error', reject);
    request.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', resolve);
      else resolve();
    });
  });
}

function answered(request: ClientRequest, write: Sending['write']): Promise<IncomingMessage> {
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
