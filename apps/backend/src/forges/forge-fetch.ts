import { Inject, Injectable } from '@nestjs/common';
import { DestinationError, destinationOf, Destinations } from '@saas-codex/service-kit/network/destinations';
import { HostResolver } from '@saas-codex/service-kit/network/host-resolver';
import type { ProxySettings } from '@saas-codex/service-kit/network/outbound-proxy';
import { request } from 'undici';
import { CONFIG, type Config } from '../config.js';
import { connectionTo, sentenceOfFailure } from '../outbound/checked-connection.js';
import { ForgeError } from './port/forge-error.js';

/** For all of a call, the resolution of the name included. */
const TIMEOUT_S = 20;
/** More than any page of an API has. */
const MAX_ANSWER_BYTES = 20 * 1024 * 1024;
/** Of plain text: only logs of jobs come as such, and only how they end is of use. */
const MAX_TEXT_BYTES = 100 * 1024;
const MAX_REDIRECTS = 3;

/** Told of the status of each answer. */
type OnStatus = (status: number) => Promise<void>;

/**
 * The only way of the forges' clients to the network.
 *
 *     call ─► the API's own origin? ─► checked connection ─► at most 20 MB, 20 s; the end of plain text ─► Response
 *
 * A redirect is followed only for reading, and only at the same origin: a repository that was renamed answers with one.
 */
@Injectable()
export class ForgeFetch {
  private readonly destinations: Destinations;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'GIT_TRUSTED_HOSTS'> & ProxySettings,
    resolver: HostResolver,
  ) {
    this.destinations = new Destinations(config.GIT_TRUSTED_HOSTS, config, resolver);
  }

  /** Whether a person may connect to it at all. The name is not resolved yet. */
  isAllowed(url: URL): boolean {
    const target = destinationOf(url);
    return target !== null && (target.scheme === 'https' || this.destinations.isTrusted(target));
  }

  /**
   * A `fetch` for one API, for its client. It throws `ForgeError` (address, unavailable) when there is no answer.
   * @param api the address below which the API is
   */
  for(api: string, onStatus: OnStatus): typeof fetch {
    const { origin } = new URL(api);
    return async (input, init) => {
      const asked = new Request(input, { ...init, redirect: 'manual' });
      const body = asked.body === null ? null : Buffer.from(await asked.arrayBuffer());
      let url = new URL(asked.url);
      for (let redirects = 0; ; redirects++) {
        if (url.origin !== origin)
          throw new ForgeError('unavailable', `${url.hostname} is not where this forge's API is.`);
        const answer = await this.ask(url, asked, body);
        await onStatus(answer.status);
        const to = answer.headers.get('location');
        const isRedirect =
          answer.status >= 300 && answer.status < 400 && answer.status !== 304 && to !== null;
        if (!isRedirect) return answer;
        if (asked.method !== 'GET' || redirects === MAX_REDIRECTS)
          throw new ForgeError('conflict', `${url.host} has moved this elsewhere. Use its new address.`);
        url = new URL(to, url);
      }
    };
  }

  private async ask(url: URL, { method, headers, signal }: Request, body: Buffer | null): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT_S * 1_000);
    try {
      const dispatcher = await connectionTo(url, this.destinations);
      try {
        const answer = await request(url, {
          method: method as 'GET',
          headers: Object.fromEntries(headers),
          body,
          dispatcher,
          signal: AbortSignal.any([signal, timeout]),
        });
        const given = headersOf(answer.headers);
        const isText = given.get('content-type')?.startsWith('text/plain') ?? false;
        const bytes = await bounded(answer.body, isText ? MAX_TEXT_BYTES : MAX_ANSWER_BYTES);
        const isEmpty = [204, 205, 304].includes(answer.statusCode);
        return new Response(isEmpty ? null : bytes, { status: answer.statusCode, headers: given });
      } finally {
        await dispatcher.destroy();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ForgeError) throw error;
      const isAddress = error instanceof DestinationError;
      throw new ForgeError(
        isAddress ? 'address' : 'unavailable',
        timeout.aborted
          ? `${url.host} did not answer within ${TIMEOUT_S} seconds. Try again later.`
          : sentenceOfFailure(error, url, 'forge', 'GIT_TRUSTED_HOSTS'),
      );
    }
  }
}

/** @param keep bytes of its end. Those before it are let go as soon as they are read */
async function bounded(body: AsyncIterable<Buffer>, keep: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let read = 0;
  let held = 0;
  for await (const chunk of body) {
    read += chunk.length;
    if (read > MAX_ANSWER_BYTES) throw new ForgeError('unavailable', 'The answer of the forge is too large.');
    chunks.push(chunk);
    held += chunk.length;
    while (held - (chunks[0]?.length ?? 0) >= keep) held -= chunks.shift()?.length ?? 0;
  }
  return Buffer.concat(chunks).subarray(-keep);
}

/** Bodies come decoded or not at all, so nobody may decode them again. */
function headersOf(given: Record<string, string | string[] | undefined>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given))
    for (const one of [value].flat()) if (one !== undefined) headers.append(name, one);
  return headers;
}
