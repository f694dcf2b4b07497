import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DirectoryHandle } from '../storage/directory-handle.js';

/*
 * git opens some files in every folder of a work tree, and in the git directory of every repository in it. An agent
 * can replace one of them with a named pipe. git then waits for ever for a process that writes into the pipe.
 *
 *     git ── open(".gitignore") … waits ──┐
 *     we ─── find such pipes, open each for writing, close it ──► git reads an empty file and continues
 *
 * This changes nothing in the work tree, even if an agent interferes. A pipe that nothing waits for stays as it
 * is, and so does an ordinary file of the same name: without O_CREAT and O_TRUNC, opening a file changes nothing.
 */
const READ_BY_GIT = new Set(['.gitignore', '.gitattributes', '.gitmodules']);
const GIT_DIRECTORY = '.git';
const WRITE_WITHOUT_WAITING = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** Deeper folders are not searched, since each open one takes a descriptor. git's deadline covers those. */
const MAX_DEPTH = 100;

/** Searches every `everyMs` milliseconds until `signal` aborts. */
export async function answerWaitingPipes(root: string, everyMs: number, signal: AbortSignal): Promise<void> {
  while (await passes(everyMs, signal)) {
    // The work tree may have been removed meanwhile.
    const directory = await DirectoryHandle.openPath(root).catch(() => null);
    if (directory) await answerIn(directory, { depth: 0, ofGit: false }, signal);
  }
}

const passes = (ms: number, signal: AbortSignal): Promise<boolean> =>
  delay(ms, true, { signal, ref: false }).catch(() => false);

/** Closes `directory`. */
async function answerIn(
  directory: DirectoryHandle,
  place: { depth: number; ofGit: boolean },
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { name, kind } of directory.entries()) {
      if (signal.aborted) return;
      const text = name.toString('latin1');
      if (kind === 'pipe' && (place.ofGit || READ_BY_GIT.has(text))) await answer(directory.pathOf(name));
      if (kind !== 'directory' || place.depth === MAX_DEPTH) continue;
      const child = await directory.openChild(name);
      const ofGit = place.ofGit || text === GIT_DIRECTORY;
      if (child) await answerIn(child, { depth: place.depth + 1, ofGit }, signal);
    }
  } catch {
    // git cannot read this folder either.
  } finally {
    directory.close();
  }
}

async function answer(pipe: Buffer): Promise<void> {
  // ENXIO: nothing waits for it.
  const writer = await open(pipe, WRITE_WITHOUT_WAITING).catch(() => null);
  await writer?.close();
}
