import {
  knownNetwork,
  Network,
  NETWORK_MODES,
  NETWORK_OFF,
  type NetworkAnswer,
  type NetworkInput,
} from '@saas-codex/contracts/network';
import { z } from 'zod';
import { type FieldErrors, fieldErrors } from './field-errors.js';
import type { Refusal } from './network-modes.js';

/** A network as it is being edited: hosts as typed, kept while another mode is chosen. */
export const NetworkDraft = z.object({
  /** null: not chosen yet, since the server has a mode that this build does not know. */
  mode: z.enum(NETWORK_MODES).nullable(),
  hosts: z.array(z.object({ host: z.string(), readOnly: z.boolean() })),
});
export type NetworkDraft = z.infer<typeof NetworkDraft>;
export type HostDraft = NetworkDraft['hosts'][number];

export const NETWORK_DRAFT_OFF: NetworkDraft = { mode: 'off', hosts: [] };

/** A mode that this page does not know must be chosen again. */
export function fromNetwork(answer: NetworkAnswer): NetworkDraft {
  const network = knownNetwork(answer);
  return {
    mode: network?.mode ?? null,
    hosts:
      network && 'hosts' in network
        ? network.hosts.map(({ host, methods }) => ({ host, readOnly: methods === 'read' }))
        : [],
  };
}

/** What the draft says; `networkErrors` finds a draft without a mode. */
export function toNetwork({ mode, hosts }: NetworkDraft): NetworkInput {
  if (mode !== 'allow_list' && mode !== 'ask') return { mode: mode ?? 'off' };
  return {
    mode,
    hosts: hosts.map(({ host, readOnly }) => ({
      host: hostIn(host),
      methods: readOnly ? 'read' : 'any',
    })),
  };
}

/** The errors that the server would find. Keys are JSON pointers into the network, such as `/hosts/0/host`. */
export function networkErrors(draft: NetworkDraft): FieldErrors {
  if (draft.mode === null) return { '/mode': 'Choose a mode.' };
  const errors = fieldErrors(Network, toNetwork(draft));
  return draft.mode === 'allow_list' && draft.hosts.length === 0 ? { ...errors, '/hosts': NO_HOSTS } : errors;
}

const NO_HOSTS = 'Add at least one host, or choose another mode.';

/** The host in what was typed or pasted, which may be the address of a page. */
export const hostIn = (typed: string): string =>
  typed
    .trim()
    .toLowerCase()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .replace(/[/?#].*$/s, '');

const ruleName = ({ host, port }: Refusal): string =>
  port === 80 || port === 443 ? host : `${host}:${port}`;

/** Whether the network now allows a connection that it refused before. */
export function allows(answer: NetworkAnswer, refusal: Refusal): boolean {
  const network = knownNetwork(answer) ?? NETWORK_OFF;
  if (refusal.reason === 'address_not_public') return false;
  if (network.mode === 'on') return true;
  if (!('hosts' in network)) return false;
  const wanted = ruleName(refusal);
  return network.hosts.some(
    ({ host, methods }) =>
      (host === wanted || (host.startsWith('*.') && wanted.endsWith(host.slice(1)))) &&
      (methods === 'any' || refusal.reason !== 'method_not_allowed'),
  );
}

/** The draft, changed so that it allows the refused connection. */
export function allowing(draft: NetworkDraft, refusal: Refusal): NetworkDraft {
  const name = ruleName(refusal);
  const others = draft.hosts.filter((rule) => rule.host !== name);
  const readOnly =
    refusal.reason !== 'method_not_allowed' &&
    draft.hosts.some((rule) => rule.host === name && rule.readOnly);
  return { mode: draft.mode === 'ask' ? 'ask' : 'allow_list', hosts: [...others, { host: name, readOnly }] };
}
