import { once } from 'node:events';
import { connect, isIPv6, type LookupFunction, type Socket } from 'node:net';
import { Injectable } from '@nestjs/common';

const CONNECT_MS = 10_000;
/** After this time the next address is tried as well. */
const NEXT_ADDRESS_MS = 2_000;

/** Makes connections. A separate provider, so that tests can decide where public addresses lead. */
@Injectable()
export class Dialer {
  /**
   * Connects to one of the addresses. No name is resolved here.
   * @throws Error with a `code` when none answers in time
   */
  async connect(addresses: string[], port: number, signal: AbortSignal): Promise<Socket> {
    const socket = connect({
      host: 'checked.invalid',
      port,
      lookup: resolveTo(addresses),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
      allowHalfOpen: true,
      noDelay: true,
      signal,
    });
    const timer = setTimeout(() => socket.destroy(timedOut()), CONNECT_MS);
    try {
      await once(socket, 'connect');
      return socket;
    } finally {
      clearTimeout(timer);
    }
  }
}

const timedOut = () => Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });

const resolveTo =
  (addresses: string[]): LookupFunction =>
  (_, __, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
    );
