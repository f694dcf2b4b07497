import type { ClientRequest, IncomingMessage } from 'node:http';

/**
 * Resolves with the response to a request as soon as it begins.
 * @throws Error when the connection ends before, also by an upgrade that was not asked for, which Node does not report
 */
export function responseTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(new Error('no answer')));
  });
}
