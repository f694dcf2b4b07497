/** A forward proxy as companies have them: it resolves names itself, wants credentials, and remembers what it was asked for. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ForwardProxy {
  /** With the credentials that it wants. */
  url: string;
  /** `CONNECT host:port` and `GET http://host/path`, in order. */
  seen: string[];
  /** Its own DNS: ports on loopback by `host:port`. Everything else is unknown. */
  readonly places: Record<string, number>;
  stop(): Promise<void>;
}

const CREDENTIALS = 'proxy-user:proxy-password';
const CHALLENGE = 'Basic realm="proxy"';
const EXPECTED = `Basic ${Buffer.from(CREDENTIALS).toString('base64')}`;

export async function startForwardProxy(): Promise<ForwardProxy> {
  const seen: string[] = [];
  const tunnels = new Set<Duplex>();
  const places: Record<string, number> = {};
  const portFor = (req: IncomingMessage, authority: string) => {
    seen.push(`${req.method} ${req.url}`);
    if (req.headers['proxy-authorization'] !== EXPECTED) return { status: 407 };
    const port = places[authority];
    return port === undefined ? { status: 502 } : { port };
  };
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '');
    const { port, status = 502 } = portFor(req, `${url.hostname}:${url.port || 80}`);
    if (port === undefined) return void res.writeHead(status, { 'proxy-authenticate': CHALLENGE }).end();
    const { method = 'GET' } = req;
    const { 'proxy-authorization': _, ...headers } = req.headers;
    const path = url.pathname + url.search;
    const passed = request({ host: '127.0.0.1', port, method, headers, path }, (answered) => {
      res.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(res);
    });
    req.pipe(passed);
  });
  server.on('connect', (req, socket, head) => {
    const { port, status } = portFor(req, req.url ?? '');
    const refusal = `HTTP/1.1 ${status} No\r\nProxy-Authenticate: ${CHALLENGE}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
    if (port === undefined) return void socket.end(refusal);
    const target = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) target.write(head);
      target.pipe(socket).pipe(target);
    });
    for (const end of [socket, target]) tunnels.add(end);
    for (const end of [socket, target])
      end.on('error', () => [socket, target].forEach((one) => one.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://${CREDENTIALS}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    places,
    async stop() {
      for (const end of tunnels) end.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
