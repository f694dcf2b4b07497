import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../../config.js';
import { SYSTEM_FOLDERS } from './bubblewrap-arguments.js';
import type { BubblewrapJail } from './bubblewrap.jail.js';

const TIMEOUT_MS = 20_000;
/** Of the kernel's, for the path of a socket. */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Asks Codex in a real jail for its version, and starts an empty script there, which waits for the relay.
 * @returns null when it works, else why not, without a full stop
 */
export async function probeJail(jail: BubblewrapJail, { WORKSPACES_ROOT }: Config): Promise<string | null> {
  const visible = SYSTEM_FOLDERS.find((folder) => `${WORKSPACES_ROOT}/`.startsWith(`${folder}/`));
  if (visible) return `WORKSPACES_ROOT must not lie below ${visible}, which every jail shows`;
  await mkdir(WORKSPACES_ROOT, { recursive: true });
  const folder = await mkdtemp(join(WORKSPACES_ROOT, '.jail-probe-'));
  const runId = randomUUID();
  try {
    const { path } = await jail.runSocket(runId);
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) return 'TMPDIR is too long a path for sockets in it';
    const [repo, codexHome] = [join(folder, 'repo'), join(folder, 'codex-home')];
    await Promise.all([mkdir(repo), mkdir(codexHome)]);
    const contents = {
      script: null,
      socket: null,
      certificates: null,
      repo,
      codexHome,
      borrowed: [],
      environment: { HOME: codexHome },
    };
    const script = join(folder, 'empty.sh');
    await writeFile(script, '');
    for (const asked of [contents, { ...contents, script }]) {
      const { program, environment } = await jail.prepare(runId, asked);
      await promisify(execFile)(program, ['--version'], { timeout: TIMEOUT_MS, env: environment });
    }
    return null;
  } catch (error) {
    return `bubblewrap cannot build the jail (${lastLine(error)})`;
  } finally {
    await jail.end(runId);
    await rm(folder, { recursive: true, force: true });
  }
}

const lastLine = (error: unknown): string => {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr || message).trim().split('\n').at(-1)?.slice(0, 200) ?? '';
};
