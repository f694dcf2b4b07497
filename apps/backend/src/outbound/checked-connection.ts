import {
  DestinationError,
  destinationOf,
  type Destinations,
  resolveTo,
} from '@saas-codex/service-kit/network/destinations';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';

/**
 * For one request to an address that a tenant chose. Who sends it destroys the connection, and follows no redirect.
 *
 *     url ─► resolve once ─► every address public, or the host trusted? ─► connect to these, or through the operator's proxy
 *
 * @throws DestinationError `address_not_public` also for plain http to a host that the operator does not trust
 */
export async function connectionTo(url: URL, destinations: Destinations): Promise<Dispatcher> {
  const target = destinationOf(url);
  if (target === null) throw new DestinationError('host_unknown');
  if (target.scheme === 'http' && !destinations.isTrusted(target))
    throw new DestinationError('address_not_public');
  const proxy = destinations.proxyFor(target.scheme, target);
  const addresses = await destinations.addressesOf(target, proxy);
  return proxy ? new ProxyAgent(proxy.href) : new Agent({ connect: { lookup: resolveTo(addresses) } });
}

/**
 * Why a request over such a connection had no answer.
 * @param server as the sentence names it, such as `receiver`
 * @param trustedHosts the setting with which the operator can allow its host
 * @returns a sentence for who chose the address, without anything that the server has said
 */
export function sentenceOfFailure(
  error: unknown,
  { hostname }: URL,
  server: string,
  trustedHosts: string,
): string {
  if (error instanceof DestinationError) {
    return error.reason === 'address_not_public'
      ? `The host ${hostname} is in a private or reserved network, or its address is plain http. The operator can allow it with ${trustedHosts}.`
      : `The host ${hostname} was not found. Check the address.`;
  }
  const { code: own, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const given = own ?? cause?.code;
  const code = typeof given === 'string' && /^[A-Z0-9_]{3,60}$/.test(given) ? ` (${given})` : '';
  return /CERT|SIGNED|ISSUER|_TLS_|_SSL_/.test(code)
    ? `No trusted connection to the ${server} could be made${code}. Check its certificate.`
    : `The ${server} cannot be reached${code}.`;
}
