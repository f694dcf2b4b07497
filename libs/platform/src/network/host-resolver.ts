import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

const RESOLVE_MS = 10_000;

/** Turns a host name into all of its addresses. A provider of its own, so that tests bring their own DNS. */
@Injectable()
export class HostResolver {
  /** IPv4 first. @throws when the name is unknown */
  async resolve(host: string): Promise<string[]> {
    const found = await lookup(host, { all: true, order: 'ipv4first' });
    return found.map(({ address }) => address);
  }
}

/** One question for all addresses of a host; none when it is unknown, or nobody answers in time. */
export async function addressesOf(host: string, resolver: HostResolver): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const answer = resolver.resolve(host).catch(() => []);
  return Promise.race([answer, delay(RESOLVE_MS, [], { ref: false })]);
}
