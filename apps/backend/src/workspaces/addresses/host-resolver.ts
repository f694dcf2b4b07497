import { lookup } from 'node:dns/promises';
import { Injectable } from '@nestjs/common';

/** Turns a host name into all of its addresses. A provider of its own, so that tests bring their own DNS. */
@Injectable()
export class HostResolver {
  /** IPv4 first. @throws when the name is unknown */
  async resolve(host: string): Promise<string[]> {
    const found = await lookup(host, { all: true, order: 'ipv4first' });
    return found.map(({ address }) => address);
  }
}
