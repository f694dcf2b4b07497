import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { Injectable } from '@nestjs/common';
import { resolveTo } from '@saas-codex/service-kit/network/destinations';

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
    return whenConnected(socket, 'connect');
  }

  /** Connects to the operator's proxy, whose name the system resolves. @throws Error with a `code` */
  connectToProxy(
    proxy: { host: string; port: number },
    secure: boolean,
    signal: AbortSignal,
  ): Promise<Socket> {
    const socket = connect({ ...proxy, noDelay: true, signal });
    if (!secure) return whenConnected(socket, 'connect');
    const servername = isIP(proxy.host) === 0 ? { servername: proxy.host } : {};
    return whenConnected(connectSecurely({ socket, host: proxy.host, ...servername }), 'secureConnect');
  }
}

async function whenConnected(socket: Socket, event: string): Promise<Socket> {
  const timer = setTimeout(() => socket.destroy(timedOut()), CONNECT_MS);
  try {
    await once(socket, event);
    return socket;
  } finally {
    clearTimeout(timer);
  }
}

const timedOut = () => Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
