import { once } from 'node:events';
import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * Where a runner keeps the files from which its jails are built, and their sockets:
 *
 *     <TMPDIR>/saas-codex-XXXXXX/           of one runner
 *         alive.sock                        the runner listens here as long as it lives
 *         <run id>/                         of one run: arguments, filter, run.sock
 *
 * The next runner removes what a killed one left. Connecting to the socket shows whether its runner is alive. Unlike a pid, that
 * works across containers that share a folder, and is never confused with another process.
 */

/** Short, since the path of a socket may have 107 characters. */
const PREFIX = 'saas-codex-';
const NAME = /^saas-codex-[A-Za-z0-9]{6}$/;
const ALIVE = 'alive.sock';
/** A new runner creates its folder a moment before it listens. */
const YOUNG_MS = 60_000;

export class RunFolders {
  private opened: Promise<{ root: string; alive: Server }> | undefined;

  /** The folder of a run. Creates it if needed. */
  async folderOf(runId: string): Promise<string> {
    const { root } = await this.open();
    const folder = join(root, runId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  async removeFolder(runId: string): Promise<void> {
    const { root } = await this.open();
    await rm(join(root, runId), { recursive: true, force: true, maxRetries: 3 });
  }

  async close(): Promise<void> {
    const { root, alive } = await this.open();
    alive.close();
    await rm(root, { recursive: true, force: true });
  }

  private open() {
    return (this.opened ??= openFolder());
  }
}

async function openFolder(): Promise<{ root: string; alive: Server }> {
  const root = await mkdtemp(join(tmpdir(), PREFIX));
  const alive = createServer((connection) => connection.destroy()).unref();
  alive.listen(join(root, ALIVE));
  await once(alive, 'listening');
  return { root, alive };
}

/** Removes the folders of this user's dead runners. */
export async function sweepRunFolders(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => NAME.test(name));
  await Promise.all(names.map((name) => sweep(join(tmpdir(), name))));
}

async function sweep(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => null);
  if (!found?.isDirectory() || found.uid !== process.getuid?.()) return;
  const error = await errorOfConnecting(join(folder, ALIVE));
  const dead = error === 'ECONNREFUSED' || (error === 'ENOENT' && Date.now() - found.mtimeMs > YOUNG_MS);
  if (dead) await rm(folder, { recursive: true, force: true });
}

/** @returns null when a process is listening there */
function errorOfConnecting(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('connect', () => {
      socket.destroy();
      resolve(null);
    });
  });
}
