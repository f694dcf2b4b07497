/** A real sshd on loopback that serves git repositories to whoever has a key that it knows. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../scripts/lib/ports.mjs';
import { findProgram } from '../../../scripts/lib/system-packages.mjs';
import { waitFor } from './wait-for.js';

const execute = promisify(execFile);

export interface SshServer {
  /** `127.0.0.1:<port>`, for GIT_TRUSTED_HOSTS */
  host: string;
  /** The address of a repository in a folder of this machine. */
  urlOf(path: string): string;
  /** The only key that may sign in from now on. */
  allow(publicKey: string): Promise<void>;
  /** Starts it anew with other host keys, as an impostor would. */
  replaceHostKeys(): Promise<void>;
  /** `SHA256:…` of its host keys. */
  fingerprints(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startSshServer(): Promise<SshServer> {
  const program = findProgram(['sshd']);
  if (program === undefined) throw new Error('sshd is missing: install openssh-server.');
  const root = await mkdtemp(join(tmpdir(), 'saas-codex-sshd-'));
  const port = await freePort();
  const { username, uid } = userInfo();
  const hostKey = join(root, 'host_key');
  const authorized = join(root, 'authorized_keys');
  // Where it keeps what must not be writable for anybody. Installing the package alone does not create it.
  if (uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const settings = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: hostKey,
    AuthorizedKeysFile: authorized,
    PidFile: 'none',
    StrictModes: 'no',
    UsePAM: 'no',
    PermitRootLogin: 'yes',
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    PrintMotd: 'no',
    LogLevel: 'ERROR',
  };
  const config = join(root, 'sshd_config');
  await writeFile(
    config,
    Object.entries(settings)
      .map((setting) => `${setting.join(' ')}\n`)
      .join(''),
  );
  await writeFile(authorized, '');

  const start = async () => {
    await Promise.all([hostKey, `${hostKey}.pub`].map((file) => rm(file, { force: true })));
    await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
    const child = spawn(program, ['-D', '-e', '-f', config], { stdio: 'ignore' });
    await waitFor(() => isListening(port), { what: 'sshd to listen' });
    return child;
  };
  let child = await start();
  const end = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    host: `127.0.0.1:${port}`,
    urlOf: (path) => `ssh://${username}@127.0.0.1:${port}${path}`,
    // The key serves git and nothing else.
    allow: (publicKey) =>
      writeFile(authorized, `restrict,command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"" ${publicKey}\n`),
    async replaceHostKeys() {
      await end();
      child = await start();
    },
    async fingerprints() {
      const { stdout } = await execute('ssh-keygen', ['-l', '-f', `${hostKey}.pub`]);
      return [stdout.split(' ')[1] ?? ''];
    },
    async stop() {
      await end();
      await rm(root, { recursive: true, force: true });
    },
  };
}

const isListening = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
