import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { connect as connectSecurely, TLSSocket } from 'node:tls';
import { PacedServer } from '../listener/paced-server.js';
import { EgressError, untrustedCertificate, unreadable } from './egress-error.js';
import { forward } from './forward.js';
import { requireReading } from './plain-request.js';
import { answerRequest } from './refusal-answer.js';
import type { RunAuthority } from './run-authority.js';
import type { RunEgress } from './run-egress.js';
import { isSameTarget, parseAuthority, type Target, writtenTarget } from './target.js';

/*
 * A tunnel to a host that the run may only read. The method is inside, so the tunnel ends here and each request is made
 * anew:
 *
 *     client ──TLS by the run's authority──► this server ──► may it? ──TLS by the real host's──► host
 *
 * A client that speaks plain HTTP in its tunnel gets the same without TLS. Its Host header and the name of its TLS must
 * be the tunnel's: what is allowed for one host is not used for another one at the same address.
 */

interface Route {
  target: Target;
  /** As they were checked. */
  addresses: string[];
}

interface OpenRoute extends Route {
  secure: boolean;
}

/** First byte of a TLS handshake. */
const HANDSHAKE = 0x16;
/** What this server can read; HTTP/2 clients fall back to it. */
const ALPNProtocols = ['http/1.1'];

export class Inspection {
  private readonly routes = new WeakMap<Duplex, OpenRoute>();
  private readonly server = new PacedServer({
    request: (req, res) =>
      void this.run.during(
        () => this.pass(req, res),
        (error) => answerRequest(res, error),
      ),
  });

  constructor(
    private readonly run: RunEgress,
    private readonly authority: RunAuthority,
  ) {}

  /** Reads requests from an established tunnel until it ends. */
  async read(client: Socket, route: Route): Promise<void> {
    const first = await firstBytes(client);
    if (first === null) return void client.destroy();
    client.unshift(first);
    const secure = first[0] === HANDSHAKE;
    const stream = secure ? await this.endSecurity(client, route.target) : client;
    this.routes.set(this.server.accept(stream), { ...route, secure });
    await finished(client).catch(() => undefined);
  }

  private async endSecurity(client: Socket, { host }: Target): Promise<TLSSocket> {
    const secureContext = await this.authority.contextFor(host);
    return this.run.hold(
      new TLSSocket(client, {
        isServer: true,
        secureContext,
        ALPNProtocols,
        SNICallback: (name, done) =>
          name.toLowerCase() === host ? done(null, secureContext) : done(new Error('another host')),
      }),
    );
  }

  private async pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const route = this.routes.get(req.socket);
    if (route === undefined) throw unreadable();
    const { target, addresses, secure } = route;
    const defaultPort = secure ? 443 : 80;
    const path = req.url ?? '';
    if (!path.startsWith('/') && path !== '*') throw unreadable();
    if (!isSameTarget(parseAuthority(req.headers.host ?? '', defaultPort), target)) throw misdirected(target);
    requireReading(req, target);
    const connection = await this.run.dial(target, addresses);
    const stream = secure ? await this.beginSecurity(connection, target) : connection;
    await forward({ req, res, target, path, defaultPort, methods: 'read' }, stream);
  }

  /** @throws EgressError when the host does not prove who it is */
  private async beginSecurity(socket: Duplex, target: Target): Promise<TLSSocket> {
    const { host } = target;
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const stream = this.run.hold(connectSecurely({ socket, host, ...servername, ALPNProtocols }));
    try {
      await once(stream, 'secureConnect');
      return stream;
    } catch (error) {
      stream.destroy();
      throw untrustedCertificate(target, error);
    }
  }
}

/** null: it ends without any. */
async function firstBytes(client: Socket): Promise<Buffer | null> {
  await Promise.race([once(client, 'readable'), once(client, 'close')]).catch(() => undefined);
  return client.read() as Buffer | null;
}

const misdirected = (target: Target) =>
  new EgressError(400, `The Host header must be ${writtenTarget(target, 443)}, as the connection's.`);
