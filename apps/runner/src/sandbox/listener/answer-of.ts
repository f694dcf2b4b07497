import type { ClientRequest, IncomingMessage } from 'node:http';

/**
 * The answer to a request, once it begins.
 * @throws Error when the connection ends before, or what comes is none: Node tells nobody of an upgrade not asked for
 */
export function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(new Error('no answer')));
  });
}
