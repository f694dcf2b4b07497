import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { HeldFolder } from '../held-folder.js';

/**
 * Files that git opens in every folder of a work tree, and in the git directory of every repository in it. An agent
 * may leave a named pipe in the place of one, and git then waits for somebody to write into it, for ever.
 *
 *     git ── open(".gitignore") … waits ──┐
 *     we ─── look for such pipes, open each for writing, close it ──► git reads an empty file and goes on
 *
 * Nothing in the work tree is changed, whatever an agent does meanwhile. A pipe that nobody waits for stays as it
 * is, and so does a file that only has the name: without O_CREAT and O_TRUNC, opening changes nothing.
 */
const READ_BY_GIT = new Set(['.gitignore', '.gitattributes', '.gitmodules']);
const GIT_DIRECTORY = '.git';
const WITHOUT_WAITING = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** Folders below this are not looked into: each takes a descriptor while it is. git's deadline is left for those. */
const DEPTH = 100;

/** Does so again and again, `everyMs` apart, until `signal` aborts. */
export async function answerWaitingPipes(root: string, everyMs: number, signal: AbortSignal): Promise<void> {
  while (await passes(everyMs, signal)) {
    // A work tree that has gone meanwhile has nothing in it.
    const folder = await HeldFolder.open(root).catch(() => null);
    if (folder) await answerIn(folder, { depth: 0, ofGit: false }, signal);
  }
}

const passes = (ms: number, signal: AbortSignal): Promise<boolean> =>
  delay(ms, true, { signal, ref: false }).catch(() => false);

/** Closes `folder`. */
async function answerIn(
  folder: HeldFolder,
  place: { depth: number; ofGit: boolean },
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { name, kind } of folder.entries()) {
      if (signal.aborted) return;
      const text = name.toString('latin1');
      if (kind === 'pipe' && (place.ofGit || READ_BY_GIT.has(text))) await answer(folder.at(name));
      if (kind !== 'folder' || place.depth === DEPTH) continue;
      const child = await folder.child(name);
      const ofGit = place.ofGit || text === GIT_DIRECTORY;
      if (child) await answerIn(child, { depth: place.depth + 1, ofGit }, signal);
    }
  } catch {
    // What cannot be looked into, git cannot look into.
  } finally {
    folder.close();
  }
}

async function answer(pipe: Buffer): Promise<void> {
  // ENXIO: nobody waits.
  const writer = await open(pipe, WITHOUT_WAITING).catch(() => null);
  await writer?.close();
}
