import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Destination } from '@saas-codex/contracts/approval-questions';
import type { EventData } from '@saas-codex/contracts/events';
import type { Network } from '@saas-codex/contracts/network';
import type { Destinations } from '@saas-codex/service-kit/network/destinations';
import { addressOfProxy, connectThrough } from '@saas-codex/service-kit/network/outbound-proxy';
import type { Counter } from '@saas-codex/service-kit/metrics/metrics';
import { Logger } from '@nestjs/common';
import type { Dialer } from './dialer.js';
import {
  EgressError,
  EgressRefusal,
  runEnded,
  tooManyConnections,
  unreachable,
  withoutAddress,
} from './egress-error.js';
import { allowedMethods, type Methods } from './network-rules.js';
import type { HostPort } from './host-port.js';

export interface EgressListener {
  /** Called once per host, port and reason. */
  onRefused(refusal: EventData<'network.refused'>): void;
  /**
   * Asks a person, where the network's mode is `ask`.
   * @param isOpen whether the client still waits
   * @returns whether the connection may be made, once somebody has answered
   */
  askFor(destination: Destination, isOpen: () => boolean): Promise<boolean>;
}

/** What was checked: where a target is, and the operator's proxy to it. */
export interface Route {
  /** Empty: only the proxy knows. */
  addresses: string[];
  proxy: URL | null;
}

const IDLE_MS = 10 * 60_000;
const MAX_EXCHANGES = 128;
const MAX_REPORTS = 50;

/**
 * One run at the egress proxy: what it may reach, its open connections, and what it was refused. All connections close with
 * the run.
 */
export class RunEgress {
  private readonly logger = new Logger('Egress');
  private readonly sockets = new Set<Socket>();
  /** Those of them that lead out. */
  private readonly dialled = new Set<Socket>();
  private readonly reported = new Set<string>();
  /** One lookup at a time: all runs share the name servers. */
  private lookups: Promise<unknown> = Promise.resolve();
  private exchanges = 0;
  private readonly end = new AbortController();

  constructor(
    private readonly network: Network,
    private readonly listener: EgressListener,
    private readonly destinations: Destinations,
    private readonly dialer: Dialer,
    private readonly refusals: Counter<'reason'>,
  ) {
    setMaxListeners(0, this.end.signal);
  }

  private get closed(): boolean {
    return this.end.signal.aborted;
  }

  /** The number of connections to hosts. */
  get openConnections(): number {
    return this.dialled.size;
  }

  /** Limits the number of exchanges, reports refusals, and answers every failure with a sentence. */
  async handleExchange(work: () => Promise<void>, answer: (error: EgressError) => void): Promise<void> {
    if (this.exchanges >= MAX_EXCHANGES) return answer(tooManyConnections());
    this.exchanges += 1;
    try {
      await work();
    } catch (error) {
      if (error instanceof EgressRefusal) this.report(error);
      if (error instanceof EgressError) return answer(error);
      this.logger.error('an exchange failed unexpectedly', error instanceof Error ? error.stack : undefined);
      answer(new EgressError(502, 'The connection failed. Try again later.'));
    } finally {
      this.exchanges -= 1;
    }
  }

  /**
   * Waits for a person where one is to be asked.
   * @param method null: not known
   * @param client of the connection
   * @throws EgressRefusal, before any lookup of the host
   */
  async permit(target: HostPort, method: string | null, client: Socket): Promise<Methods> {
    const methods = allowedMethods(this.network, target);
    if (methods !== null) return methods;
    if (this.network.mode === 'ask') {
      const isOpen = () => !client.destroyed && !client.readableEnded;
      const isAllowed = await this.listener.askFor({ ...target, method }, isOpen);
      if (this.closed) throw runEnded();
      if (isAllowed) return 'any';
      throw new EgressRefusal(target, 'declined');
    }
    throw new EgressRefusal(target, this.network.mode === 'off' ? 'network_off' : 'host_not_allowed');
  }

  /** How a permitted target is reached. @param scheme as for `Destinations.proxyFor` @throws EgressError */
  locate(target: HostPort, scheme: 'http' | 'https'): Promise<Route> {
    const proxy = this.destinations.proxyFor(scheme, target);
    const found = this.lookups.then(async () => {
      if (this.closed) throw runEnded();
      try {
        return { addresses: await this.destinations.addressesOf(target, proxy), proxy };
      } catch (error) {
        throw withoutAddress(target, error);
      }
    });
    this.lookups = found.catch(() => undefined);
    return found;
  }

  /** A connection to the target, also through the operator's proxy, which closes with the run. @throws EgressError */
  dial(target: HostPort, { addresses, proxy }: Route): Promise<Socket> {
    const { signal } = this.end;
    return this.connect(target, () =>
      proxy ? connectThrough(proxy, target, signal) : this.dialer.connect(addresses, target.port, signal),
    );
  }

  /** A connection to the operator's proxy itself, for a plain request. @throws EgressError */
  dialProxy(proxy: URL, target: HostPort): Promise<Socket> {
    const at = addressOfProxy(proxy);
    return this.connect(target, () =>
      this.dialer.connectToProxy(at, proxy.protocol === 'https:', this.end.signal),
    );
  }

  private async connect(target: HostPort, open: () => Promise<Socket>): Promise<Socket> {
    if (this.closed) throw runEnded();
    try {
      const socket = await open();
      this.dialled.add(socket);
      socket.once('close', () => this.dialled.delete(socket));
      return this.holdSocket(socket);
    } catch (error) {
      throw unreachable(target, error);
    }
  }

  /** Closes it with the run, or when it has been idle for long. */
  holdSocket<S extends Socket>(socket: S): S {
    this.sockets.add(socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy(new Error('idle')));
    // Its users notice the end by other means.
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
    if (this.closed) socket.destroy(ended());
    return socket;
  }

  close(): void {
    this.end.abort();
    for (const socket of this.sockets) socket.destroy(ended());
  }

  private report({ target: { host, port }, reason }: EgressRefusal): void {
    this.refusals.inc({ reason });
    const key = `${host} ${port} ${reason}`;
    if (this.closed || this.reported.has(key) || this.reported.size >= MAX_REPORTS) return;
    this.reported.add(key);
    this.listener.onRefused({ host, port, reason });
  }
}

/** With an error, because code that waits for a connection notices nothing else. */
const ended = () => new Error('the run has ended');
