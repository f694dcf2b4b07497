import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Logger } from '@nestjs/common';
import type { Destination } from '@saas-codex/contracts/approval-questions';
import type { EventData } from '@saas-codex/contracts/events';
import { Network, type NetworkInput } from '@saas-codex/contracts/network';
import { Destinations } from '@saas-codex/service-kit/network/destinations';
import type { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import type { ProxySettings } from '@saas-codex/service-kit/network/outbound-proxy';
import { Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { Dialer } from '../../../../apps/runner/src/sandbox/egress/dialer.js';
import { type Egress, EgressProxy } from '../../../../apps/runner/src/sandbox/egress/egress-proxy.js';
import { type Listener, listenOnSocket } from '../../../../apps/runner/src/sandbox/listener/http-listener.js';

type Refusal = EventData<'network.refused'>;

interface Answer {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A run at the proxy, seen from its jail: through its socket. */
export interface ProxiedRun {
  egress: Egress;
  refused: Refusal[];
  socketPath: string;
  /** Sends a request to the proxy, with an absolute URL or any other request target. */
  ask(
    url: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Answer>;
  /** CONNECT; with status 200 the socket is the tunnel. */
  tunnel(authority: string): Promise<{ answer: Answer } | { socket: Socket }>;
}

interface SeenRequest {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Surroundings {
  /** A person's answer about a host, where the network asks. */
  decide?: (destination: Destination, isOpen: () => boolean) => Promise<boolean>;
  /** EGRESS_TRUSTED_HOSTS */
  trusted?: string[];
  /** Where connections go instead; null: nowhere. */
  server?: Server | null;
  /** The operator's proxies. */
  proxies?: ProxySettings;
}

/**
 * The egress proxy with its own DNS and internet: `dns` resolves names, and every connection goes to a server on loopback
 * instead of its address. No other address is contacted.
 */
export class EgressWorld {
  /** A list of lists gives one list per lookup. */
  dns: Record<string, string[] | string[][]>;
  questions: string[];
  /** `address port`, one for each connection. */
  dialled: string[];
  /** What arrived at the server. */
  seen: SeenRequest[];
  /** How the server answers. */
  answer: (req: IncomingMessage, res: ServerResponse) => unknown;
  readonly server = createServer((req, res) => void this.answer(req, res));
  private readonly listeners: Listener[] = [];
  private runs = 0;

  private constructor(private readonly folder: string) {}

  static async create(): Promise<EgressWorld> {
    Logger.overrideLogger(false);
    const world = new EgressWorld(await mkdtemp(join(tmpdir(), 'saas-codex-test-')));
    world.server.listen(0, '127.0.0.1');
    await once(world.server, 'listening');
    return world;
  }

  reset(): void {
    this.dns = { 'example.org': ['93.184.216.34'], 'other.example': ['93.184.216.35'] };
    this.questions = [];
    this.dialled = [];
    this.seen = [];
    this.answer = async (req, res) => {
      const { method, url, headers } = req;
      this.seen.push({ method, url, headers, body: await text(req).catch(() => 'broken off') });
      res.end('served');
    };
  }

  async destroy(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.close()));
    this.server.closeAllConnections();
    this.server.close();
    await rm(this.folder, { recursive: true });
  }

  readonly resolver: HostResolver = {
    resolve: (host) => {
      this.questions.push(host);
      const entry = this.dns[host];
      if (entry === undefined) return Promise.reject(new Error('ENOTFOUND'));
      return Promise.resolve(
        Array.isArray(entry[0]) ? ((entry as string[][]).shift() ?? []) : (entry as string[]),
      );
    },
  };

  async open(
    network: NetworkInput,
    { trusted = [], server = this.server, proxies = {}, decide = nobody }: Surroundings = {},
  ): Promise<ProxiedRun> {
    const destinations = new Destinations(trusted, proxies, this.resolver);
    const dialer: Dialer = {
      connectToProxy: (...args) => new Dialer().connectToProxy(...args),
      connect: async (addresses, port) => {
        this.dialled.push(`${addresses.join(',')} ${port}`);
        if (!server) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
        const socket = connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
        await once(socket, 'connect');
        return socket;
      },
    };
    const refused: Refusal[] = [];
    const egress = await new EgressProxy(destinations, dialer, new Metrics(undefined), null).openEgress(
      Network.parse(network),
      {
        onRefused: (refusal) => refused.push(refusal),
        askFor: decide,
      },
    );
    const socketPath = join(this.folder, `${(this.runs += 1)}.sock`);
    this.listeners.push(await listenOnSocket(egress.handlers, socketPath));
    return {
      egress,
      refused,
      socketPath,
      ask: (url, init) => ask(socketPath, url, init),
      tunnel: (authority) => tunnel(socketPath, authority),
    };
  }
}

const nobody = () => Promise.reject(new Error('Nobody is to be asked.'));

/** An allow-list of these rules. */
export const only = (...hosts: (NetworkInput & { mode: 'allow_list' })['hosts']): NetworkInput => ({
  mode: 'allow_list',
  hosts,
});

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function ask(
  socketPath: string,
  url: string,
  { method = 'GET', headers = {}, body }: NonNullable<Parameters<ProxiedRun['ask']>[1]> = {},
): Promise<Answer> {
  const outgoing = request({ socketPath, path: url, method, headers: { host: 'proxy.invalid', ...headers } });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

async function tunnel(
  socketPath: string,
  authority: string,
): Promise<{ answer: Answer } | { socket: Socket }> {
  const outgoing = request({ socketPath, path: authority, method: 'CONNECT' });
  outgoing.end();
  const [response, socket, head] = (await once(outgoing, 'connect')) as [IncomingMessage, Socket, Buffer];
  if (response.statusCode === 200) return { socket };
  socket.unshift(head);
  return {
    answer: { status: response.statusCode, headers: response.headers, body: await text(socket) },
  };
}
