import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { EventData } from '@saas-codex/contracts/events';
import type { Network } from '@saas-codex/contracts/network';
import type { Counter } from '@saas-codex/service-kit/metrics/metrics';
import { Logger } from '@nestjs/common';
import type { Destinations } from './destinations.js';
import type { Dialer } from './dialer.js';
import { EgressError, EgressRefusal, runEnded, tooManyConnections, unreachable } from './egress-error.js';
import { allowedMethods, type Methods } from './network-rules.js';
import type { Target } from './target.js';

export interface EgressListener {
  /** Once for each host, port and reason. */
  onRefused(refusal: EventData<'network.refused'>): void;
}

const IDLE_MS = 10 * 60_000;
const MAX_EXCHANGES = 128;
const MAX_TOLD = 50;

/**
 * One run at the egress proxy: what it may reach, what is open for it, and what it was refused. Everything that is open
 * ends with it.
 */
export class RunEgress {
  private readonly logger = new Logger('Egress');
  private readonly sockets = new Set<Socket>();
  private readonly told = new Set<string>();
  /** One question after the other: the name servers are all runs'. */
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

  /** Works on one exchange, one of a limited number. What goes wrong is told, and answered in a sentence. */
  async during(work: () => Promise<void>, answer: (error: EgressError) => void): Promise<void> {
    if (this.exchanges >= MAX_EXCHANGES) return answer(tooManyConnections());
    this.exchanges += 1;
    try {
      await work();
    } catch (error) {
      if (error instanceof EgressRefusal) this.tell(error);
      if (error instanceof EgressError) return answer(error);
      this.logger.error('an exchange failed unexpectedly', error instanceof Error ? error.stack : undefined);
      answer(new EgressError(502, 'The connection failed. Try again later.'));
    } finally {
      this.exchanges -= 1;
    }
  }

  /** @throws EgressRefusal before anybody is asked where the host is */
  permit(target: Target): Methods {
    const methods = allowedMethods(this.network, target);
    if (methods !== null) return methods;
    throw new EgressRefusal(target, this.network.mode === 'off' ? 'network_off' : 'host_not_allowed');
  }

  /** The addresses that a permitted target may be reached at. @throws EgressError */
  locate(target: Target): Promise<string[]> {
    const found = this.lookups.then(() => {
      if (this.closed) throw runEnded();
      return this.destinations.addressesOf(target);
    });
    this.lookups = found.catch(() => undefined);
    return found;
  }

  /** A connection to one of the addresses, which ends with the run. @throws EgressError */
  async dial(target: Target, addresses: string[]): Promise<Socket> {
    if (this.closed) throw runEnded();
    try {
      return this.hold(await this.dialer.connect(addresses, target.port, this.end.signal));
    } catch (error) {
      throw unreachable(target, error);
    }
  }

  /** Ends it with the run, or when nothing passes any more. */
  hold<S extends Socket>(socket: S): S {
    this.sockets.add(socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy(new Error('idle')));
    // Who works with it learns of its end by other means.
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
    if (this.closed) socket.destroy(ended());
    return socket;
  }

  close(): void {
    this.end.abort();
    for (const socket of this.sockets) socket.destroy(ended());
  }

  private tell({ target: { host, port }, reason }: EgressRefusal): void {
    this.refusals.inc({ reason });
    const key = `${host} ${port} ${reason}`;
    if (this.closed || this.told.has(key) || this.told.size >= MAX_TOLD) return;
    this.told.add(key);
    this.listener.onRefused({ host, port, reason });
  }
}

/** With an error, since whoever waits for a connection hears of nothing else. */
const ended = () => new Error('the run has ended');
