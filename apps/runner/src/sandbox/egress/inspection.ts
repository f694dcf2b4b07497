import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { connect as connectSecurely, TLSSocket } from 'node:tls';
import { ThrottledServer } from '../listener/http-listener.js';
import { answerRequest, EgressError, untrustedCertificate, unreadable } from './egress-error.js';
import { forwardExchange, requireReading } from './http-exchange.js';
import type { RunAuthority } from './run-authority.js';
import type { Route, RunEgress } from './run-egress.js';
import { isSameHostPort, parseAuthority, type HostPort, formatHostPort } from './host-port.js';

/*
 * A tunnel to a read-only host. The method is encrypted, so the tunnel ends here and each request is sent anew:
 *
 *     client ──TLS by the run's authority──► this server ──► allowed? ──TLS of the real host──► host
 *
 * A client that speaks plain HTTP in its tunnel gets the same without TLS. Its Host header and TLS server name must match the
 * tunnel: permission for one host is not used for another one at the same address.
 */

interface OpenTunnel {
  target: HostPort;
  route: Route;
  secure: boolean;
}

/** First byte of a TLS handshake. */
const HANDSHAKE = 0x16;
/** HTTP/2 clients fall back to it. */
const ALPNProtocols = ['http/1.1'];

export class Inspection {
  private readonly tunnels = new WeakMap<Duplex, OpenTunnel>();
  private readonly server = new ThrottledServer({
    request: (req, res) =>
      void this.run.handleExchange(
        () => this.proxyRequest(req, res),
        (error) => answerRequest(res, error),
      ),
  });

  constructor(
    private readonly run: RunEgress,
    private readonly authority: RunAuthority,
  ) {}

  /** Reads requests from an established tunnel until it ends. */
  async readTunnel(client: Socket, target: HostPort, route: Route): Promise<void> {
    const first = await firstBytes(client);
    if (first === null) return void client.destroy();
    client.unshift(first);
    const secure = first[0] === HANDSHAKE;
    const stream = secure ? await this.terminateTls(client, target) : client;
    this.tunnels.set(this.server.accept(stream), { target, route, secure });
    await finished(client).catch(() => undefined);
  }

  private async terminateTls(client: Socket, { host }: HostPort): Promise<TLSSocket> {
    const secureContext = await this.authority.contextFor(host);
    return this.run.holdSocket(
      new TLSSocket(client, {
        isServer: true,
        secureContext,
        ALPNProtocols,
        SNICallback: (name, done) =>
          name.toLowerCase() === host ? done(null, secureContext) : done(new Error('another host')),
      }),
    );
  }

  private async proxyRequest(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const tunnel = this.tunnels.get(req.socket);
    if (tunnel === undefined) throw unreadable();
    const { target, route, secure } = tunnel;
    const defaultPort = secure ? 443 : 80;
    const path = req.url ?? '';
    if (!path.startsWith('/') && path !== '*') throw unreadable();
    if (!isSameHostPort(parseAuthority(req.headers.host ?? '', defaultPort), target))
      throw misdirected(target);
    requireReading(req, target);
    const connection = await this.run.dial(target, route);
    const stream = secure ? await this.connectTls(connection, target) : connection;
    await forwardExchange({ req, res, target, path, defaultPort, methods: 'read' }, stream);
  }

  /** @throws EgressError when the host's certificate is not trusted */
  private async connectTls(socket: Duplex, target: HostPort): Promise<TLSSocket> {
    const { host } = target;
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const stream = this.run.holdSocket(connectSecurely({ socket, host, ...servername, ALPNProtocols }));
    try {
      await once(stream, 'secureConnect');
      return stream;
    } catch (error) {
      stream.destroy();
      throw untrustedCertificate(target, error);
    }
  }
}

/** null: the connection closed without any. */
async function firstBytes(client: Socket): Promise<Buffer | null> {
  await Promise.race([once(client, 'readable'), once(client, 'close')]).catch(() => undefined);
  return client.read() as Buffer | null;
}

const misdirected = (target: HostPort) =>
  new EgressError(
    400,
    `The Host header must be ${formatHostPort(target, 443)}, like that of the connection.`,
  );
