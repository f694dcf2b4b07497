import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2, { type ParsedKey } from 'ssh2';
import { MACHINE_INDEPENDENT } from './git-environment.js';

const execute = promisify(execFile);
const env = { ...MACHINE_INDEPENDENT };
const ADD_MS = 10_000;

/** A key pair, in the texts of OpenSSH. */
export interface SshKeyPair {
  privateKey: string;
  /** `ssh-ed25519 AAAA…` */
  publicKey: string;
}

/** What lets ssh use a key that it cannot read, and know the host. They are gone when the work is done. */
export interface SshAccess {
  /** Socket of the agent that signs with the key. */
  agentSocket: string;
  /** File with the public half, which tells ssh the key to ask for. */
  publicKeyFile: string;
  /** File with the only host keys that are accepted. */
  knownHosts: string;
}

export function generateSshKey(): SshKeyPair {
  const pair = ssh2.utils.generateKeyPairSync('ed25519');
  return { privateKey: pair.private, publicKey: publicKeyOf(parsed(pair.private)) };
}

/** @returns the pair of a private key; null: it is none, or has a passphrase */
export function readSshKey(privateKey: string): SshKeyPair | null {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error || !key.isPrivateKey()) return null;
  return { privateKey, publicKey: publicKeyOf(key) };
}

/**
 * Runs `work` with an ssh agent of its own. The private key reaches that agent through a pipe, and no file, argument or
 * environment.
 * @param hostKeys of the host, such as `ssh-ed25519 AAAA…`
 */
export async function withSshAgent<T>(
  privateKey: string,
  hostKeys: readonly string[],
  work: (access: SshAccess) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'saas-codex-ssh-'));
  const access = {
    agentSocket: join(folder, 'agent'),
    publicKeyFile: join(folder, 'key.pub'),
    knownHosts: join(folder, 'known_hosts'),
  };
  const agent = spawn('ssh-agent', ['-D', '-a', access.agentSocket], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await writeFile(access.publicKeyFile, `${publicKeyOf(parsed(privateKey))}\n`, { mode: 0o600 });
    // The name under which ssh looks them up is ours, and there is only this host.
    await writeFile(access.knownHosts, hostKeys.map((hostKey) => `* ${hostKey}\n`).join(''));
    // It prints where it listens as soon as it does.
    await once(agent.stdout, 'data');
    await addKey(access.agentSocket, privateKey);
    return await work(access);
  } finally {
    agent.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

async function addKey(agentSocket: string, privateKey: string): Promise<void> {
  const adding = execute('ssh-add', ['-q', '-'], {
    env: { ...env, SSH_AUTH_SOCK: agentSocket },
    timeout: ADD_MS,
  });
  adding.child.stdin?.end(`${privateKey.trim()}\n`);
  await adding;
}

const publicKeyOf = (key: ParsedKey) => `${key.type} ${key.getPublicSSH().toString('base64')}`;

function parsed(privateKey: string): ParsedKey {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return key;
}
