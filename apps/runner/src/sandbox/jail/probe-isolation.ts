import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../../config.js';
import { HOME, SYSTEM_FOLDERS } from './bubblewrap-arguments.js';
import type { BubblewrapJail } from './bubblewrap.jail.js';
import { sandboxArguments } from './codex-sandbox.jail.js';

const TIMEOUT_MS = 20_000;
/** The kernel's maximum. */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Asks Codex for its version in a real jail, and starts an empty script there, which waits for the relay.
 * @returns null when that works; otherwise why not, without a full stop
 */
export async function probeJail(
  jail: BubblewrapJail,
  { WORKSPACES_ROOT, SANDBOX_TOOLS }: Config,
): Promise<string | null> {
  const visible = [...SYSTEM_FOLDERS, HOME].find((folder) => `${WORKSPACES_ROOT}/`.startsWith(`${folder}/`));
  if (visible) return `WORKSPACES_ROOT must not be below ${visible}, which is visible in every jail`;
  await mkdir(WORKSPACES_ROOT, { recursive: true });
  const folder = await mkdtemp(join(WORKSPACES_ROOT, '.jail-probe-'));
  const runId = randomUUID();
  try {
    const path = await jail.socketPath(runId);
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) return 'the path of TMPDIR is too long for sockets';
    const [repo, codexHome, home] = [join(folder, 'repo'), join(folder, 'codex-home'), join(folder, 'home')];
    await Promise.all([mkdir(repo), mkdir(codexHome), mkdir(home)]);
    const contents = {
      script: null,
      socket: null,
      certificates: null,
      repo,
      codexHome,
      home,
      tools: SANDBOX_TOOLS,
      borrowed: [],
      environment: {},
    };
    const script = join(folder, 'empty.sh');
    await writeFile(script, '');
    for (const probe of [contents, { ...contents, script }]) {
      const { program, environment } = await jail.prepare(runId, probe);
      await promisify(execFile)(program, ['--version'], { timeout: TIMEOUT_MS, env: environment });
    }
    return null;
  } catch (error) {
    return `bubblewrap cannot build the jail (${lastLine(error)})`;
  } finally {
    await jail.endRun(runId);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `true` in Codex's own sandbox, with a CODEX_HOME where those of the threads will be. */
export async function codexSandboxWorks({ WORKSPACES_ROOT }: Config): Promise<boolean> {
  await mkdir(WORKSPACES_ROOT, { recursive: true });
  const folder = await mkdtemp(join(WORKSPACES_ROOT, '.sandbox-probe-'));
  // As for a turn: with a temporary folder of its own, since Codex refuses a home below the temporary folder.
  const env = { PATH: process.env.PATH, HOME: folder, CODEX_HOME: folder, TMPDIR: join(folder, 'tmp') };
  try {
    const options = { cwd: folder, timeout: TIMEOUT_MS, env };
    await promisify(execFile)(process.execPath, sandboxArguments([], ['true']), options);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const lastLine = (error: unknown): string => {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr || message).trim().split('\n').at(-1)?.slice(0, 200) ?? '';
};
