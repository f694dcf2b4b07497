import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

/*
 * Names that strangers choose are asked of the name servers by this process itself: it can wait for any number of them,
 * and stop waiting. The system's resolver is for the names of those who run this: it knows the hosts file and
 * search domains, but takes a thread for each question, of a few that this whole process has, until its servers answer.
 */

const RESOLVE_MS = 10_000;
const TRY_MS = 2_500;
const TRIES = 3;
const THIS_MACHINE = /^(.+\.)?localhost$/;

/** Turns a host name into all of its addresses. A provider of its own, so that tests bring their own DNS. */
@Injectable()
export class HostResolver {
  /**
   * IPv4 first; none when it is unknown, or nobody answers in time.
   * @param trusted the name is the operator's
   * @throws of trusted names, when they are unknown
   */
  async resolve(host: string, trusted: boolean): Promise<string[]> {
    if (!trusted) return askNameServers(host, new Resolver({ timeout: TRY_MS, tries: TRIES }));
    const found = await lookup(host, { all: true, order: 'ipv4first' });
    return found.map(({ address }) => address);
  }
}

/** @param resolver for this question alone, since cancelling ends all of a resolver's */
export async function askNameServers(host: string, resolver: Resolver): Promise<string[]> {
  if (THIS_MACHINE.test(host)) return ['127.0.0.1'];
  const timer = setTimeout(() => resolver.cancel(), RESOLVE_MS);
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  clearTimeout(timer);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

/** One question for all addresses of a host; none when it is unknown, or nobody answers in time. */
export async function addressesOf(host: string, resolver: HostResolver, trusted: boolean): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const answer = resolver.resolve(host, trusted).catch(() => []);
  return Promise.race([answer, delay(RESOLVE_MS, [], { ref: false })]);
}
