import { Inject, Injectable } from '@nestjs/common';
import { destinationOf, Destinations } from '@saas-codex/service-kit/network/destinations';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import type { ProxySettings } from '@saas-codex/service-kit/network/outbound-proxy';
import { ProblemError } from '@saas-codex/service-kit/problem';
import { Webhook } from 'standardwebhooks';
import { request } from 'undici';
import { CONFIG, type Config } from '../config.js';
import { connectionTo, sentenceOfFailure } from '../outbound/checked-connection.js';

/** For all of an attempt, the resolution of the name included. */
const TIMEOUT_S = 10;

export interface WebhookMessage {
  /** The same for each attempt to deliver the same. */
  id: string;
  body: string;
}

/** Ends an attempt. Its message is a sentence for those who manage the webhook. */
class NotDelivered extends Error {}

/**
 * Sends signed messages to addresses that tenants choose, as Standard Webhooks has it.
 *
 *     url ─► checked connection ─► POST ─► status
 *
 * Nothing of an answer but its status is used, so a webhook shows nobody what is at its address.
 */
@Injectable()
export class WebhookSender {
  private readonly destinations: Destinations;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'WEBHOOK_TRUSTED_HOSTS'> & ProxySettings,
    resolver: HostResolver,
  ) {
    this.destinations = new Destinations(config.WEBHOOK_TRUSTED_HOSTS, config, resolver);
  }

  /** @throws ProblemError webhook_url_refused */
  requireAllowed(url: string): void {
    const target = destinationOf(new URL(url));
    if (target === null)
      throw new ProblemError('webhook_url_refused', 'Its host cannot be read. Check the address.');
    if (target.scheme === 'http' && !this.destinations.isTrusted(target)) {
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
      return timeout.aborted
        ? `The receiver did not answer within ${TIMEOUT_S} seconds.`
        : sentenceOfFailure(error, new URL(url), 'receiver', 'WEBHOOK_TRUSTED_HOSTS');
    }
  }

  private async attempt(
    url: string,
    secret: string,
    { id, body }: WebhookMessage,
    signal: AbortSignal,
  ): Promise<void> {
    const dispatcher = await connectionTo(new URL(url), this.destinations);
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
}
