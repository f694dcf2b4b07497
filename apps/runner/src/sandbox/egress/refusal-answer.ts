import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { EgressError } from './egress-error.js';

const CONTENT_TYPE = 'text/plain; charset=utf-8';
/** How long a refused client may take to go by itself. */
const GOODBYE_MS = 5_000;

/** Answers a request that is not passed on, and closes its connection: its body may not have been read. */
export function answerRequest(res: ServerResponse, { status, message }: EgressError): void {
  if (res.headersSent || res.destroyed) return void res.destroy();
  res.req.resume();
  res.writeHead(status, { 'content-type': CONTENT_TYPE, connection: 'close' });
  res.end(`${message}\n`);
}

/** The same for a CONNECT, which has no response object. */
export function answerConnect(client: Socket, { status, message }: EgressError): void {
  const body = `${message}\n`;
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${CONTENT_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  client.setTimeout(GOODBYE_MS, () => client.destroy());
  client.resume();
  client.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}
