import type { EventData } from '@saas-codex/contracts/events';
import {
  knownNetwork,
  type NetworkAnswer,
  type NetworkMode,
  type NetworkRefusal,
} from '@saas-codex/contracts/network';
import type { SystemInfo } from '@saas-codex/contracts/system';
import { Globe, GlobeCheck, GlobeLock, GlobeOff, type LucideIcon } from 'lucide-react';
import { inWords, lookUp } from '../../shared/lib/open-enums.js';

/** A connection that the network of a run did not allow. */
export type Refusal = EventData<'network.refused'>;

interface Mode {
  readonly name: string;
  readonly icon: LucideIcon;
  /** What it means, in one line. */
  readonly note: string;
}

const MODES: Record<NetworkMode, Mode> = {
  off: {
    name: 'Off',
    icon: GlobeOff,
    note: 'Commands reach nothing. Refused connections are shown.',
  },
  allow_list: {
    name: 'Allow list',
    icon: GlobeLock,
    note: 'Only the hosts that you list.',
  },
  ask: {
    name: 'Ask',
    icon: GlobeCheck,
    note: 'Your hosts, and others once somebody allows it: the connection waits.',
  },
  on: { name: 'On', icon: Globe, note: 'All public hosts, but no private networks.' },
};

/** The mode's name, icon and note. A mode of a newer server has its own name and a neutral icon. */
export const networkMode = (mode: string): Mode =>
  lookUp(MODES, mode) ?? { name: inWords(mode), icon: Globe, note: '' };

/** Whether a network of this mode names hosts. */
export const hasHosts = (mode: string): boolean => mode === 'allow_list' || mode === 'ask';

/** A network in a word or two; a single host by its name. */
export function networkText(answer: NetworkAnswer): string {
  const network = knownNetwork(answer);
  if (network?.mode !== 'allow_list') return networkMode(answer.mode).name.toLowerCase();
  const [first, ...more] = network.hosts;
  return more.length === 0 ? (first?.host ?? 'no host') : `${network.hosts.length} hosts`;
}

/** Which modes the runner's isolation cannot enforce, in a sentence; null: it enforces all of them. */
export function networkLimit(isolation: SystemInfo['isolation'] | undefined): string | null {
  switch (isolation) {
    case 'codex-sandbox':
      return "An allow list, and asking, need the bubblewrap jail. This server uses Codex's own sandbox.";
    case 'none':
      return 'The network cannot be limited here: this server runs commands without isolation.';
    default:
      return null;
  }
}

const REFUSED_BECAUSE: Partial<Record<NetworkRefusal, string>> = {
  host_not_allowed: 'not on the allow list',
  declined: 'somebody was asked and declined',
  method_not_allowed: 'only reading is allowed there',
  address_not_public: 'not a public address',
};

/** @param about whose network refused it: the session's, or the setup script's own */
export function refusedBecause(reason: Refusal['reason'], about: 'network' | 'setup'): string {
  if (reason !== 'network_off') return lookUp(REFUSED_BECAUSE, reason) ?? 'not allowed';
  return about === 'setup' ? 'network is off for the setup' : 'network is off for this session';
}
