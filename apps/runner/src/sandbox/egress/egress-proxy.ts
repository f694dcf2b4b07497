import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Network } from '@saas-codex/contracts/network';
import { Inject, Injectable } from '@nestjs/common';
import type { ConnectionHandlers } from '../listener/http-listener.js';
import { Destinations } from '@saas-codex/service-kit/network/destinations';
import { type Counter, Metrics } from '@saas-codex/service-kit/metrics/metrics';
import { Dialer } from './dialer.js';
import { answerConnect, answerRequest } from './egress-error.js';
import { proxyPlainRequest } from './http-exchange.js';
import { Inspection } from './inspection.js';
import { hasReadRules } from './network-rules.js';
import type { RunAuthority } from './run-authority.js';
import { type EgressListener, RunEgress } from './run-egress.js';
import { openTunnel } from './tunnel.js';

/*
 * The network of a jail, which has no other: an HTTP proxy on the run's one socket.
 *
 *     CONNECT host:port ──┐                                                                 ┌─► bytes both ways
 *                         ├─► the run's rules ─► addresses: public, or trusted ─► dial those ┼─► one request
 *     GET http://host/… ──┘      │                    │                                     └─► https, decrypted: read only
 *                                ├─ mode `ask`: a person is asked, and the connection waits
 *                                └──── 403 ◄──────────┘  and network.refused, once per host, port and reason
 *
 * Names are resolved here, once per connection, and only after the rules have allowed the host. So an agent cannot leak data
 * to a forbidden host's name server through lookups either.
 */

/** The network of one run. */
export interface Egress {
  handlers: ConnectionHandlers;
  authorities: EgressTrust['authorities'];
  /** The number of connections to hosts that are open. */
  openConnections(): number;
  /** Closes all connections. */
  close(): void;
}

/** What commands must trust so that a run's egress can decrypt what it inspects. */
export interface EgressTrust {
  authority: RunAuthority | null;
  /** PEM of the authorities beyond the system's: the operator's and the run's; null: none. */
  authorities: string | null;
}

/** Injection token: PEM of the operator's certificate authorities; null: none. */
export const EXTRA_CERTIFICATES = Symbol('extra certificates');

@Injectable()
export class EgressProxy {
  private readonly refusals: Counter<'reason'>;

  constructor(
    private readonly destinations: Destinations,
    private readonly dialer: Dialer,
    metrics: Metrics,
    @Inject(EXTRA_CERTIFICATES) private readonly extraCertificates: string | null,
  ) {
    this.refusals = metrics.counter({
      name: 'egress_refusals_total',
      help: 'Connections and requests that the egress proxy refused to agents',
      labelNames: ['reason'],
    });
  }

  /** To be known when the run's jail is made. */
  async trustFor(network: Network): Promise<EgressTrust> {
    const authority = hasReadRules(network) ? await createAuthority() : null;
    const isOff = network.mode === 'off';
    return {
      authority,
      authorities: isOff ? null : joined(this.extraCertificates, authority?.pem ?? null),
    };
  }

  /** @param trust of the jail, if it was made before */
  async openEgress(network: Network, listener: EgressListener, trust?: EgressTrust): Promise<Egress> {
    const { authority, authorities } = trust ?? (await this.trustFor(network));
    const run = new RunEgress(network, listener, this.destinations, this.dialer, this.refusals);
    const inspection = authority && new Inspection(run, authority);
    return {
      handlers: {
        request: (req: IncomingMessage, res: ServerResponse) =>
          void run.handleExchange(
            () => proxyPlainRequest(run, req, res),
            (error) => answerRequest(res, error),
          ),
        connect: (req: IncomingMessage, socket: Socket, head: Buffer) => {
          const client = run.holdSocket(socket);
          void run.handleExchange(
            () => openTunnel(run, inspection, { req, client, head }),
            (error) => answerConnect(client, error),
          );
        },
      },
      authorities,
      openConnections: () => run.openConnections,
      close: () => run.close(),
    };
  }
}

/** Loads its libraries only for a network that needs them. They are a tenth of what a runner loads. */
async function createAuthority() {
  const { RunAuthority } = await import('./run-authority.js');
  return RunAuthority.create();
}

const joined = (...pems: (string | null)[]): string | null =>
  pems.filter((pem) => pem !== null).join('\n') || null;
