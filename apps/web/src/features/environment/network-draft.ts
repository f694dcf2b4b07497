import {
  knownNetwork,
  Network,
  NETWORK_MODES,
  NETWORK_OFF,
  type NetworkAnswer,
  type NetworkInput,
} from '@saas-codex/contracts/network';
import { z } from 'zod';
import type { Refusal } from '../timeline/fold/run-timeline.js';
import { type FieldErrors, fieldErrors } from './field-errors.js';

/** A network as it is being edited: hosts as typed, kept while another mode is chosen. */
export const NetworkDraft = z.object({
  mode: z.enum(NETWORK_MODES),
  hosts: z.array(z.object({ host: z.string(), readOnly: z.boolean() })),
});
export type NetworkDraft = z.infer<typeof NetworkDraft>;
export type HostDraft = NetworkDraft['hosts'][number];

export const NETWORK_DRAFT_OFF: NetworkDraft = { mode: 'off', hosts: [] };

/** A mode that this page does not know is edited from off. */
export function fromNetwork(answer: NetworkAnswer): NetworkDraft {
  const network = knownNetwork(answer) ?? NETWORK_OFF;
  return {
    mode: network.mode,
    hosts:
      network.mode === 'allow_list'
        ? network.hosts.map(({ host, methods }) => ({ host, readOnly: methods === 'read' }))
        : [],
  };
}

export function toNetwork({ mode, hosts }: NetworkDraft): NetworkInput {
  if (mode !== 'allow_list') return { mode };
  return {
    mode,
    hosts: hosts.map(({ host, readOnly }) => ({
      host: hostIn(host),
      methods: readOnly ? 'read' : 'any',
    })),
  };
}

/** What the server would say to it; keys are JSON pointers into the network, `/hosts/0/host`. */
export function networkErrors(draft: NetworkDraft): FieldErrors {
  const errors = fieldErrors(Network, toNetwork(draft));
  return draft.mode === 'allow_list' && draft.hosts.length === 0 ? { ...errors, '/hosts': NO_HOSTS } : errors;
}

const NO_HOSTS = 'Name at least one host, or choose another mode.';

/** The host of whatever was typed or pasted: an address of a page names one, too. */
export const hostIn = (typed: string): string =>
  typed
    .trim()
    .toLowerCase()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .replace(/[/?#].*$/s, '');

const ruleName = ({ host, port }: Refusal): string =>
  port === 80 || port === 443 ? host : `${host}:${port}`;

/** Whether a network allows by now what was refused once. */
export function allows(answer: NetworkAnswer, refusal: Refusal): boolean {
  const network = knownNetwork(answer) ?? NETWORK_OFF;
  if (refusal.reason === 'address_not_public' || network.mode === 'off') return false;
  if (network.mode === 'on') return true;
  const wanted = ruleName(refusal);
  return network.hosts.some(
    ({ host, methods }) =>
      (host === wanted || (host.startsWith('*.') && wanted.endsWith(host.slice(1)))) &&
      (methods === 'any' || refusal.reason !== 'method_not_allowed'),
  );
}

/** The draft with the host allowed that a run was refused. */
export function allowing(draft: NetworkDraft, refusal: Refusal): NetworkDraft {
  const name = ruleName(refusal);
  const others = draft.hosts.filter((rule) => rule.host !== name);
  const readOnly =
    refusal.reason !== 'method_not_allowed' &&
    draft.hosts.some((rule) => rule.host === name && rule.readOnly);
  return { mode: 'allow_list', hosts: [...others, { host: name, readOnly }] };
}
