import { isIP, isIPv6 } from 'node:net';
import type { RepoAddress } from '../addresses/address-checker.js';
import type { GitCommand } from './git.js';

/** Files that git's transports use. */
export interface TransportFiles {
  /** The ssh host keys that have been seen before. */
  knownHosts: string;
  /** Certificate authorities, in PEM. null: the system's. */
  certificates: string | null;
}

/**
 * Lets git reach a checked address: only with the address's own protocol, and only at the network addresses that were
 * checked, or through the operator's proxy.
 */
export function transportTo(
  address: RepoAddress,
  { knownHosts, certificates }: TransportFiles,
): Pick<GitCommand, 'protocols' | 'config' | 'env'> {
  if (address.scheme === 'ssh') {
    return {
      protocols: ['ssh'],
      env: { GIT_SSH_VARIANT: 'ssh', GIT_SSH_COMMAND: sshCommand(address, knownHosts) },
    };
  }
  const trust = certificates === null ? [] : [`http.sslCAInfo=${certificates}`];
  if (address.proxy === null)
    return { protocols: [address.scheme], config: ['http.proxy=', ...trust, ...curlPin(address)] };
  // Not in a setting, since every process can read arguments, and the address may hold a password.
  const env = { [`${address.scheme}_proxy`]: address.proxy.href, GIT_HTTP_PROXY_AUTHMETHOD: 'basic' };
  return { protocols: [address.scheme], config: trust, env };
}

/** curl's own syntax for not resolving this host and port. An IP address needs none. */
function curlPin({ host, port, pinnedTo }: RepoAddress): string[] {
  if (isIP(host) !== 0) return [];
  const addresses = pinnedTo.map((address) => (isIPv6(address) ? `[${address}]` : address));
  return [`http.curloptResolve=${host}:${port}:${addresses.join(',')}`];
}

/** Uses no configuration, keys or agent of the machine. The host's key is remembered by name, not by address. */
function sshCommand({ host, port, pinnedTo }: RepoAddress, knownHosts: string): string {
  const alias = port === 22 ? host : `[${host}]:${port}`;
  const options = [
    `HostName=${pinnedTo[0]}`,
    `HostKeyAlias=${alias}`,
    `UserKnownHostsFile="${knownHosts}"`,
    'GlobalKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=accept-new',
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'IdentityFile=none',
    'ForwardAgent=no',
    'ClearAllForwardings=yes',
    'PermitLocalCommand=no',
    'ProxyCommand=none',
    'CanonicalizeHostname=no',
    'ConnectTimeout=20',
    'ServerAliveInterval=15',
  ];
  return ['ssh', '-F', '/dev/null', ...options.flatMap((option) => ['-o', option])].map(shellQuote).join(' ');
}

const shellQuote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
