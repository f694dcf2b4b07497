import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { NetworkRefusal } from '@saas-codex/contracts/network';
import { DestinationError } from '@saas-codex/service-kit/network/destinations';
import { type HostPort, formatHostPort } from './host-port.js';

/** Ends an exchange with a sentence for the reader of the client's output, which is usually the agent. */
export class EgressError extends Error {
  constructor(
    readonly status: 400 | 403 | 502 | 503,
    message: string,
  ) {
    super(message);
  }
}

/** The run's network does not allow it. Reported as an event. */
export class EgressRefusal extends EgressError {
  constructor(
    readonly target: HostPort,
    readonly reason: NetworkRefusal,
  ) {
    super(403, SENTENCES[reason](target));
  }
}

const SENTENCES: Record<NetworkRefusal, (target: HostPort) => string> = {
  network_off: ({ host }) =>
    `The network is off for this session, so ${host} cannot be reached. Go on without it, or ask the person to turn the network on in the session's environment.`,
  host_not_allowed: (target) =>
    `${formatHostPort(target)} is not among the hosts that this session may reach. Go on without it, or ask the person to add it in the session's environment.`,
  declined: (target) =>
    `A person was asked, and ${formatHostPort(target)} may not be reached. Go on without it, or ask the person why.`,
  method_not_allowed: ({ host }) =>
    `This session may only read from ${host}: GET, HEAD and OPTIONS, without a body or an upgrade. Go on without it, or ask the person to allow all methods in the session's environment.`,
  address_not_public: ({ host }) =>
    `${host} is in a private or reserved network, which no session reaches. Only the operator can allow it, with EGRESS_TRUSTED_HOSTS.`,
};

export const unreadable = () =>
  new EgressError(
    400,
    'This proxy takes "CONNECT host:port", and "http://host/path" without a user name. Write hosts in plain ASCII.',
  );

/** @param error of `Destinations.addressesOf` */
export function withoutAddress(target: HostPort, error: unknown): unknown {
  if (!(error instanceof DestinationError)) return error;
  switch (error.reason) {
    case 'host_unknown':
      return new EgressError(502, `The host ${target.host} is not known. Check its name.`);
    case 'too_many_addresses':
      return new EgressError(502, `The host ${target.host} has more addresses than can be checked.`);
    case 'address_not_public':
      return new EgressRefusal(target, 'address_not_public');
  }
}

export const runEnded = () => new EgressError(503, 'The run has ended.');

export const unreachable = (target: HostPort, error: unknown) =>
  new EgressError(502, `${formatHostPort(target)} cannot be reached${codeOf(error)}. Try again later.`);

export const untrustedCertificate = ({ host }: HostPort, error: unknown) =>
  new EgressError(502, `No trusted connection to ${host} could be made${codeOf(error)}.`);

export const tooManyConnections = () =>
  new EgressError(503, 'This run has too many connections at once. Close some, then try again.');

const CONTENT_TYPE = 'text/plain; charset=utf-8';
/** How long a refused client may take to close its connection. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Answers a request that is not forwarded, and closes its connection: its body may not have been read. */
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
  client.setTimeout(CLOSE_TIMEOUT_MS, () => client.destroy());
  client.resume();
  client.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}

const codeOf = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return /^[A-Z0-9_]{3,60}$/.test(code) ? ` (${code})` : '';
};
