import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

/*
 *     a user's host name ───────► DNS client of this process: any number of pending queries, each can be cancelled
 *     the operator's host name ─► system resolver: knows the hosts file and search domains
 *
 * The system resolver blocks a thread per query until its servers answer, and this process has only a few threads. So users,
 * who can choose names with slow servers, must not reach it.
 */

const RESOLVE_TIMEOUT_MS = 10_000;
const TRY_TIMEOUT_MS = 2_500;
const TRIES = 3;
const THIS_MACHINE = /^(.+\.)?localhost$/;

/** Resolves a host name to all of its addresses. Injected, so that tests can replace DNS. */
@Injectable()
export class HostResolver {
  /**
   * @param trusted whether the operator chose the name
   * @returns IP addresses, IPv4 first; empty for an unknown name or after a timeout
   * @throws Error for a trusted name that is unknown
   */
  async resolve(host: string, trusted: boolean): Promise<string[]> {
    if (!trusted) return askNameServers(host, new Resolver({ timeout: TRY_TIMEOUT_MS, tries: TRIES }));
    const found = await lookup(host, { all: true, order: 'ipv4first' });
    return found.map(({ address }) => address);
  }
}

/** @param resolver used for this query only, because `cancel` ends all queries of a resolver */
export async function askNameServers(host: string, resolver: Resolver): Promise<string[]> {
  if (THIS_MACHINE.test(host)) return ['127.0.0.1'];
  const timer = setTimeout(() => resolver.cancel(), RESOLVE_TIMEOUT_MS);
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  clearTimeout(timer);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

/** Returns all addresses of a host or IP address; empty for an unknown host or after a timeout. */
export async function addressesOf(host: string, resolver: HostResolver, trusted: boolean): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const answer = resolver.resolve(host, trusted).catch(() => []);
  return Promise.race([answer, delay(RESOLVE_TIMEOUT_MS, [], { ref: false })]);
}
