import { once } from 'node:events';
import { connect, isIPv6, type LookupFunction, type Socket } from 'node:net';
import { Injectable } from '@nestjs/common';

const CONNECT_MS = 10_000;
/** After which the next address is tried as well. */
const NEXT_ADDRESS_MS = 2_000;

/** Makes connections. A provider of its own, so that tests can tell where public addresses lead. */
@Injectable()
export class Dialer {
  /**
   * Connects to one of the addresses; no name is resolved any more.
   * @throws Error with a `code` when none answers in time
   */
  async connect(addresses: string[], port: number, signal: AbortSignal): Promise<Socket> {
    const socket = connect({
      host: 'checked.invalid',
      port,
      lookup: answerWith(addresses),
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

const timedOut = () => Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });

const answerWith =
  (addresses: string[]): LookupFunction =>
  (_, __, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
    );
