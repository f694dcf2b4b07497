import { isIP, isIPv6 } from 'node:net';
import type { RepoAddress } from '../addresses/address-checker.js';
import type { GitCommand } from './git.js';
import { type SshAccess, type SshCredential, withSshAgent } from './ssh-agent.js';

/** What proves to a host who asks: over https a password or token, over ssh a key. */
export type RemoteCredential = TokenCredential | SshCredential;

interface TokenCredential {
  kind: 'token';
  username: string;
  password: string;
}

/** A credential as git uses it for one call. */
export type GitAccess = TokenCredential | ({ kind: 'ssh_key' } & SshAccess);

/** Runs `work` with what git needs to use a credential, which is gone afterwards. */
export async function withGitAccess<T>(
  credential: RemoteCredential | null,
  work: (access: GitAccess | null) => Promise<T>,
): Promise<T> {
  if (credential?.kind !== 'ssh_key') return work(credential);
  return withSshAgent(credential, (access) => work({ kind: 'ssh_key', ...access }));
}

/** What git's transports use. */
export interface TransportOptions {
  /** The ssh host keys that have been seen before. */
  knownHosts: string;
  /** Certificate authorities, in PEM. null: the system's. */
  certificates: string | null;
  /** null: git asks as nobody. */
  access: GitAccess | null;
}

/**
 * Gives git the user name and password, when it asks for those of the repository's host. A proxy that wants some gets none of them.
 * They are in the environment of this call, since every process can read arguments.
 */
const CREDENTIAL_HELPER = [
  'credential.helper=!f() {',
  'test "$1" = get || exit 0; url=;',
  'while IFS= read -r line && test -n "$line"; do case "$line" in',
  'protocol=*) url="${line#protocol=}://$url";; host=*) url="$url${line#host=}";; esac; done;',
  'test "$url" = "$SAAS_CODEX_GIT_ORIGIN" && printf "username=%s\\npassword=%s\\n" "$SAAS_CODEX_GIT_USERNAME" "$SAAS_CODEX_GIT_PASSWORD";',
  '}; f',
].join(' ');

/**
 * Lets git reach a checked address: only with the address's own protocol, and only at the network addresses that were
 * checked, or through the operator's proxy.
 */
export function transportTo(
  address: RepoAddress,
  { knownHosts, certificates, access }: TransportOptions,
): Pick<GitCommand, 'protocols' | 'config' | 'env'> {
  if (address.scheme === 'ssh') {
    return {
      protocols: ['ssh'],
      env: {
        GIT_SSH_VARIANT: 'ssh',
        GIT_SSH_COMMAND: sshCommand(
          address,
          access?.kind === 'ssh_key' ? withKey(access) : asNobody(knownHosts),
        ),
      },
    };
  }
  const protocols = [address.scheme];
  const config = [
    ...(certificates === null ? [] : [`http.sslCAInfo=${certificates}`]),
    ...(access?.kind === 'token' ? [CREDENTIAL_HELPER] : []),
  ];
  const env = access?.kind === 'token' ? credentialOf(address, access) : {};
  if (address.proxy === null)
    return { protocols, config: ['http.proxy=', ...config, ...curlPin(address)], env };
  // Not in a setting, since every process can read arguments, and the address may hold a password.
  const proxy = { [`${address.scheme}_proxy`]: address.proxy.href, GIT_HTTP_PROXY_AUTHMETHOD: 'basic' };
  return { protocols, config, env: { ...env, ...proxy } };
}

const credentialOf = ({ url }: RepoAddress, { username, password }: TokenCredential) => ({
  SAAS_CODEX_GIT_ORIGIN: new URL(url).origin,
  SAAS_CODEX_GIT_USERNAME: username,
  SAAS_CODEX_GIT_PASSWORD: password,
});

/** curl's own syntax for not resolving this host and port. An IP address needs none. */
function curlPin({ host, port, pinnedTo }: RepoAddress): string[] {
  if (isIP(host) !== 0) return [];
  const addresses = pinnedTo.map((address) => (isIPv6(address) ? `[${address}]` : address));
  return [`http.curloptResolve=${host}:${port}:${addresses.join(',')}`];
}

/** Uses no configuration, keys or agent of the machine. The host's key is remembered by name, not by address. */
function sshCommand({ host, port, pinnedTo }: RepoAddress, identity: readonly string[]): string {
  const alias = port === 22 ? host : `[${host}]:${port}`;
  const options = [
    `HostName=${pinnedTo[0]}`,
    `HostKeyAlias=${alias}`,
    'GlobalKnownHostsFile=/dev/null',
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    ...identity,
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

const asNobody = (knownHosts: string) => [
  `UserKnownHostsFile="${knownHosts}"`,
  'StrictHostKeyChecking=accept-new',
  'IdentityAgent=none',
  'IdentityFile=none',
];

const withKey = ({ agentSocket, publicKeyFile, knownHosts }: SshAccess) => [
  `UserKnownHostsFile="${knownHosts}"`,
  'StrictHostKeyChecking=yes',
  `IdentityAgent="${agentSocket}"`,
  `IdentityFile="${publicKeyFile}"`,
];

const shellQuote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
