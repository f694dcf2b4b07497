import { isIPv6, type LookupFunction } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import { normaliseHost } from '@saas-codex/service-kit/network/host-name';
import { addressesOf, HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import { OutboundProxy, type ProxySettings } from '@saas-codex/service-kit/network/outbound-proxy';
import { isPublicAddress } from '@saas-codex/service-kit/network/public-address';
import { TrustedHosts } from '@saas-codex/service-kit/network/trusted-hosts';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { Webhook } from 'standardwebhooks';
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import { CONFIG, type Config } from '../config.js';

/** For all of an attempt, the resolution of the name included. */
const TIMEOUT_S = 10;

export interface WebhookMessage {
  /** The same for each attempt to deliver the same. */
  id: string;
  body: string;
}

/** Ends an attempt. Its message is a sentence for those who manage the webhook. */
class NotDelivered extends Error {}

interface Target {
  scheme: string;
  host: string;
  port: number;
}

/**
 * Sends signed messages to addresses that tenants choose, as Standard Webhooks has it.
 *
 *     url ─► resolve once ─► every address public, or the host trusted? ─► connect to these ─► POST ─► status
 *
 * Nothing of an answer but its status is used, so a webhook shows nobody what is at its address.
 */
@Injectable()
export class WebhookSender {
  private readonly trusted: TrustedHosts;
  private readonly proxies: OutboundProxy;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'WEBHOOK_TRUSTED_HOSTS'> & ProxySettings,
    private readonly resolver: HostResolver,
  ) {
    this.trusted = new TrustedHosts(config.WEBHOOK_TRUSTED_HOSTS);
    this.proxies = new OutboundProxy(config);
  }

  /** @throws ProblemError webhook_url_refused */
  requireAllowed(url: string): void {
    const target = targetOf(url);
    if (target === null)
      throw new ProblemError('webhook_url_refused', 'Its host cannot be read. Check the address.');
    if (target.scheme === 'http' && !this.trusted.has(target)) {
      throw new ProblemError(
        'webhook_url_refused',
        'Use https://; http:// is only for hosts that the operator trusts (WEBHOOK_TRUSTED_HOSTS).',
      );
    }
  }

  /**
   * @param secret `whsec_…`
   * @returns null when the receiver has taken it, else why not, as a sentence
   * @throws the signal's reason when it aborts
   */
  async send(
    url: string,
    secret: string,
    message: WebhookMessage,
    signal: AbortSignal,
  ): Promise<string | null> {
    const timeout = AbortSignal.timeout(TIMEOUT_S * 1_000);
    try {
      await this.attempt(url, secret, message, AbortSignal.any([signal, timeout]));
      return null;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NotDelivered) return error.message;
      return timeout.aborted ? `The receiver did not answer within ${TIMEOUT_S} seconds.` : sentenceOf(error);
    }
  }

  private async attempt(
    url: string,
    secret: string,
    { id, body }: WebhookMessage,
    signal: AbortSignal,
  ): Promise<void> {
    const dispatcher = await this.connectionTo(url);
    const now = new Date();
    try {
      const { statusCode } = await request(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'saas-codex',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': new Webhook(secret).sign(id, now, body),
        },
        body,
        dispatcher,
        signal,
      });
      if (statusCode >= 300 && statusCode < 400) {
        throw new NotDelivered(
          `The receiver answered ${statusCode}, a redirect, which is not followed. Give the address to which it leads.`,
        );
      }
      if (statusCode > 299) throw new NotDelivered(`The receiver answered ${statusCode}.`);
    } finally {
      // With what is left of the answer.
      await dispatcher.destroy();
    }
  }

  /** @throws NotDelivered */
  private async connectionTo(url: string): Promise<Dispatcher> {
    const target = targetOf(url);
    if (target === null) throw new NotDelivered('The host of the address cannot be read.');
    const { scheme, host } = target;
    const trusted = this.trusted.has(target);
    const proxy = this.proxies.proxyFor(scheme, target);
    const addresses = await addressesOf(host, this.resolver, trusted);
    if (addresses.length === 0 && proxy === null)
      throw new NotDelivered(`The host ${host} was not found. Check the address.`);
    if (!trusted && !(scheme === 'https' && addresses.every(isPublicAddress))) {
      throw new NotDelivered(
        `The host ${host} is in a private or reserved network, or its address is plain http. The operator can allow it with WEBHOOK_TRUSTED_HOSTS.`,
      );
    }
    return proxy ? new ProxyAgent(proxy.href) : new Agent({ connect: { lookup: resolveTo(addresses) } });
  }
}

/** @returns null when the host is not one in plain ASCII */
function targetOf(url: string): Target | null {
  const { protocol, hostname, port } = new URL(url);
  const host = normaliseHost(hostname);
  const scheme = protocol.slice(0, -1);
  return host === null ? null : { scheme, host, port: Number(port) || (scheme === 'http' ? 80 : 443) };
}

const resolveTo =
  (addresses: readonly string[]): LookupFunction =>
  (_, { all }, done) => {
    const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    const [{ address, family } = { address: '', family: 4 }] = found;
    if (all) done(null, found);
    else done(null, address, family);
  };

function sentenceOf(error: unknown): string {
  const { code: own, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const given = String(own ?? cause?.code ?? '');
  const code = /^[A-Z0-9_]{3,60}$/.test(given) ? ` (${given})` : '';
  return /CERT|SIGNED|ISSUER|_TLS_|_SSL_/.test(code)
    ? `No trusted connection to the receiver could be made${code}. Check its certificate.`
    : `The receiver cannot be reached${code}.`;
}
