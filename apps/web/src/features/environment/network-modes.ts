import type { EventData } from '@saas-codex/contracts/events';
import { knownNetwork, type NetworkAnswer, type NetworkMode } from '@saas-codex/contracts/network';
import type { SystemInfo } from '@saas-codex/contracts/system';
import { Globe, GlobeLock, GlobeOff, type LucideIcon } from 'lucide-react';

interface Mode {
  readonly name: string;
  readonly icon: LucideIcon;
  /** What it means, in a line. */
  readonly note: string;
}

export const MODES: Record<NetworkMode, Mode> = {
  off: {
    name: 'Off',
    icon: GlobeOff,
    note: 'Nothing is reached; what was asked for is shown.',
  },
  allow_list: {
    name: 'Allow list',
    icon: GlobeLock,
    note: 'Only the hosts that you name.',
  },
  on: { name: 'On', icon: Globe, note: 'Every public host, but no private network.' },
};

type Refusal = EventData<'network.refused'>;

/** A network in a word or two; one host is named. */
export function networkText(answer: NetworkAnswer): string {
  const network = knownNetwork(answer);
  if (network?.mode !== 'allow_list') return answer.mode;
  const [first, ...more] = network.hosts;
  return more.length === 0 ? (first?.host ?? 'no host') : `${network.hosts.length} hosts`;
}

/** What the runner's isolation does not let one choose, and why; null: everything works. */
export function networkLimit(isolation: SystemInfo['isolation'] | undefined): string | null {
  switch (isolation) {
    case undefined:
    case 'bubblewrap':
      return null;
    case 'codex-sandbox':
      return "An allow list needs the jail of bubblewrap. This server has Codex's own sandbox.";
    case 'none':
      return 'The network cannot be limited here: this server runs commands without isolation.';
    default:
      return null;
  }
}

const REFUSED_BECAUSE: Partial<Record<Refusal['reason'], string>> = {
  host_not_allowed: 'not on the allow list',
  method_not_allowed: 'only reading is allowed there',
  address_not_public: 'not a public address',
};

/** @param about whose network it was: the session's, or the setup script's own */
export function refusedBecause(reason: Refusal['reason'], about: 'network' | 'setup'): string {
  if (reason !== 'network_off') return REFUSED_BECAUSE[reason] ?? reason;
  return about === 'setup' ? 'network is off for the setup' : 'network is off for this session';
}
