import type { HostRule, Network } from '@saas-codex/contracts/network';
import type { HostPort } from './host-port.js';

const WEB_PORTS = [80, 443];
const READ_METHODS = ['GET', 'HEAD', 'OPTIONS'];

export type Methods = HostRule['methods'];

/** The methods that the rules allow at a target, before any lookup; null: none. */
export function allowedMethods(network: Network, target: HostPort): Methods | null {
  if (network.mode === 'off') return null;
  if (network.mode === 'on') return 'any';
  const rules = network.hosts.filter((rule) => covers(rule, target));
  if (rules.length === 0) return null;
  return rules.some(({ methods }) => methods === 'any') ? 'any' : 'read';
}

/** Whether https must be decrypted for this network, because some host is read-only. */
export const hasReadRules = (network: Network): boolean =>
  'hosts' in network && network.hosts.some(({ methods }) => methods === 'read');

export const isReadMethod = (method = ''): boolean => READ_METHODS.includes(method);

function covers(rule: HostRule, { host, port }: HostPort): boolean {
  const [pattern = '', digits] = rule.host.split(':');
  const ports = digits === undefined ? WEB_PORTS : [Number(digits)];
  if (!ports.includes(port)) return false;
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}
