import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { unreadable } from './egress-error.js';
import type { Inspection } from './inspection.js';
import type { RunEgress } from './run-egress.js';
import { parseAuthority } from './host-port.js';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/**
 * `CONNECT host:port`: bytes pass unchanged, or, where the host is read-only, requests one by one.
 * @param head what the client has sent after its request
 * @returns when either side has closed
 * @throws EgressError when no tunnel is established
 */
export async function openTunnel(
  run: RunEgress,
  inspection: Inspection | null,
  { req, client, head }: { req: IncomingMessage; client: Socket; head: Buffer },
): Promise<void> {
  const target = parseAuthority(req.url ?? '');
  if (target === null) throw unreadable();
  const stopWatching = noticeEnd(client);
  const methods = await run.permit(target, null, client).finally(stopWatching);
  const route = await run.locate(target, 'https');
  const server = methods === 'any' ? await run.dial(target, route) : null;
  client.write(ESTABLISHED);
  if (head.length > 0) client.unshift(head);
  if (server === null) return inspection?.readTunnel(client, target, route);
  // When one side fails, the other is closed, too.
  const end = () => [client, server].forEach((socket) => socket.destroy());
  await Promise.all([pipeline(client, server).catch(end), pipeline(server, client).catch(end)]);
}

/** Lets the socket end when its client has gone, although nobody reads it. What the client has sent stays in its buffer. */
function noticeEnd(client: Socket): () => void {
  const onReadable = () => {
    if (client.readableLength === 0) client.read();
  };
  client.on('readable', onReadable);
  return () => void client.off('readable', onReadable);
}
