import {
  Agent as HttpAgent,
  type ClientRequest,
  request as httpRequest,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls';
import { resolveTo } from '@saas-codex/service-kit/network/destinations';
import {
  addressOfProxy,
  connectThrough,
  proxyAuthorization,
} from '@saas-codex/service-kit/network/outbound-proxy';
import type { Upstream } from './upstream.js';

/*
 * How a request reaches the model server:
 *
 *     no proxy        http, https ───────────────────────────► server; an organisation's own only at addresses that were checked
 *     HTTP_PROXY      http with the whole address ──► proxy ──► server
 *     HTTPS_PROXY     https in a tunnel (CONNECT) ──► proxy ──► server
 */

const KEEP = { keepAlive: true };
/** Apart from each other: a connection that is kept was made to an address that was checked, or to the operator's server. */
const checked = {
  'http:': new HttpAgent({ ...KEEP, autoSelectFamily: true }),
  'https:': new HttpsAgent({ ...KEEP, autoSelectFamily: true }),
};
const direct = { 'http:': new HttpAgent(KEEP), 'https:': new HttpsAgent(KEEP) };
/** By the proxy's address. */
const tunnels = new Map<string, TunnelAgent>();

interface ModelRequest {
  method: string;
  headers: OutgoingHttpHeaders;
  signal: AbortSignal;
}

/** @param addresses the only ones that may be connected to without a proxy; null: those of the name */
export function beginRequest(
  { responsesUrl: url, proxy }: Upstream,
  addresses: readonly string[] | null,
  request: ModelRequest,
): ClientRequest {
  const isSecure = url.protocol === 'https:';
  if (proxy === null) {
    const agents = addresses === null ? direct : checked;
    const lookup = addresses === null ? {} : { lookup: resolveTo(addresses) };
    return isSecure
      ? httpsRequest(url, { ...request, ...lookup, agent: agents['https:'] })
      : httpRequest(url, { ...request, ...lookup, agent: agents['http:'] });
  }
  if (isSecure) return httpsRequest(url, { ...request, agent: tunnelAgent(proxy) });
  const secure = proxy.protocol === 'https:';
  return (secure ? httpsRequest : httpRequest)({
    ...request,
    ...addressOfProxy(proxy),
    agent: secure ? direct['https:'] : direct['http:'],
    path: url.href,
    headers: { ...request.headers, host: url.host, ...proxyAuthorization(proxy) },
  });
}

function tunnelAgent(proxy: URL): HttpsAgent {
  const agent = tunnels.get(proxy.href) ?? new TunnelAgent(proxy);
  tunnels.set(proxy.href, agent);
  return agent;
}

/** Keeps TLS connections to servers behind a proxy. */
class TunnelAgent extends HttpsAgent {
  constructor(private readonly proxy: URL) {
    super(KEEP);
  }

  override createConnection(
    options: RequestOptions & ConnectionOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    callbackify(() => this.connect(options))((error, stream) => callback?.(error, stream));
  }

  private async connect(options: RequestOptions & ConnectionOptions): Promise<Duplex> {
    const target = { host: String(options.host), port: Number(options.port) };
    return connectSecurely({ ...options, socket: await connectThrough(this.proxy, target) });
  }
}
