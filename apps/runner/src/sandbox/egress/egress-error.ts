import type { NetworkRefusal } from '@saas-codex/contracts/network';
import { type Target, writtenTarget } from './target.js';

/** Ends an exchange with a sentence for whoever reads the client's output: the agent, mostly. */
export class EgressError extends Error {
  constructor(
    readonly status: 400 | 403 | 502 | 503,
    message: string,
  ) {
    super(message);
  }
}

/** Something that the run's network does not allow; it is told as an event. */
export class EgressRefusal extends EgressError {
  constructor(
    readonly target: Target,
    readonly reason: NetworkRefusal,
  ) {
    super(403, SENTENCES[reason](target));
  }
}

const SENTENCES: Record<NetworkRefusal, (target: Target) => string> = {
  network_off: ({ host }) =>
    `The network is off for this session, so ${host} cannot be reached. Go on without it, or ask the person to turn the network on in the session's environment.`,
  host_not_allowed: (target) =>
    `${writtenTarget(target)} is not among the hosts that this session may reach. Go on without it, or ask the person to add it in the session's environment.`,
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

export const unknownHost = ({ host }: Target) =>
  new EgressError(502, `The host ${host} is not known. Check its name.`);

export const tooManyAddresses = ({ host }: Target) =>
  new EgressError(502, `The host ${host} has more addresses than can be checked.`);

export const runEnded = () => new EgressError(503, 'The run has ended.');

export const unreachable = (target: Target, error: unknown) =>
  new EgressError(502, `${writtenTarget(target)} cannot be reached${codeOf(error)}. Try again later.`);

export const untrustedCertificate = ({ host }: Target, error: unknown) =>
  new EgressError(502, `No trusted connection to ${host} could be made${codeOf(error)}.`);

export const tooManyConnections = () =>
  new EgressError(503, 'This run has too many connections at once. Close some, then try again.');

const codeOf = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return /^[A-Z0-9_]{3,60}$/.test(code) ? ` (${code})` : '';
};
