import type { HostRule, Network } from '@saas-codex/contracts/network';
import type { Target } from './target.js';

const WEB_PORTS = [80, 443];
const READ_METHODS = ['GET', 'HEAD', 'OPTIONS'];

export type Methods = HostRule['methods'];

/** What the rules allow at a target, whatever its addresses are; null: nothing. */
export function allowedMethods(network: Network, target: Target): Methods | null {
  if (network.mode === 'off') return null;
  if (network.mode === 'on') return 'any';
  const rules = network.hosts.filter((rule) => covers(rule, target));
  if (rules.length === 0) return null;
  return rules.some(({ methods }) => methods === 'any') ? 'any' : 'read';
}

/** True when https has to be opened for this network, since some host may only be read. */
export const hasReadRules = (network: Network): boolean =>
  network.mode === 'allow_list' && network.hosts.some(({ methods }) => methods === 'read');

export const isReadMethod = (method = ''): boolean => READ_METHODS.includes(method);

function covers(rule: HostRule, { host, port }: Target): boolean {
  const [pattern = '', digits] = rule.host.split(':');
  const ports = digits === undefined ? WEB_PORTS : [Number(digits)];
  if (!ports.includes(port)) return false;
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
}
