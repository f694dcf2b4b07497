import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MACHINE_INDEPENDENT } from './git-environment.js';

const execute = promisify(execFile);
const env = { ...MACHINE_INDEPENDENT };
const ADD_MS = 10_000;

/** What an agent that listens runs. It ends with this process, also if that is killed: the pipe to `cat` closes then. */
const WHILE_WE_LIVE = 'echo; cat >/dev/null; kill "$SSH_AGENT_PID"';

/** Both halves of a key, in the texts of OpenSSH. */
export interface SshKey {
  privateKey: string;
  /** `ssh-ed25519 AAAA…` */
  publicKey: string;
}

/** A key, and the host that it is for. */
export interface SshCredential extends SshKey {
  kind: 'ssh_key';
  /** The only ones that are accepted. */
  hostKeys: readonly string[];
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

/**
 * Runs `work` with an ssh agent of its own. The private key reaches that agent through a pipe, and no file, argument or
 * environment.
 * @param parent where its folder is made
 * @throws Error when the agent cannot be started, or does not take the key; what `work` throws
 */
export async function withSshAgent<T>(
  { privateKey, publicKey, hostKeys }: Omit<SshCredential, 'kind'>,
  work: (access: SshAccess) => Promise<T>,
  parent = tmpdir(),
): Promise<T> {
  const folder = await mkdtemp(join(parent, 'saas-codex-ssh-'));
  const access = {
    agentSocket: join(folder, 'agent'),
    publicKeyFile: join(folder, 'key.pub'),
    knownHosts: join(folder, 'known_hosts'),
  };
  const agent = spawn('ssh-agent', ['-a', access.agentSocket, 'sh', '-c', WHILE_WE_LIVE], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => agent.once('exit', resolve).once('error', () => resolve()));
  try {
    await writeFile(access.publicKeyFile, `${publicKey}\n`, { mode: 0o600 });
    // The name under which ssh looks them up is ours, and there is only this host.
    await writeFile(access.knownHosts, hostKeys.map((hostKey) => `* ${hostKey}\n`).join(''));
    const failed = ended.then(() => Promise.reject(new Error('The ssh agent could not be started.')));
    await Promise.race([once(agent.stdout, 'data'), failed]);
    await addKey(access.agentSocket, privateKey);
    return await work(access);
  } finally {
    agent.stdin.destroy();
    await ended;
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
