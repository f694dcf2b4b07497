import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DirectoryHandle } from '../storage/directory-handle.js';

/*
 * git opens some files in every folder of a work tree, and in the git directory of every repository in it. An agent
 * can replace one of them with a named pipe. git then waits for ever for a process that writes into the pipe.
 *
 *     git ── open(".gitignore") … waits ──┐
 *     we ─── search for such pipes, then open each for writing and close it, again and again
 *                                         └──► git reads an empty file and continues with the next one
 *
 * Searching walks the whole work tree, and git may come to a pipe that a search has already passed. So the pipes are
 * remembered and tried every few milliseconds, and the search itself is rare.
 *
 * This changes nothing in the work tree, even if an agent interferes. A pipe that nothing waits for stays as it
 * is, and so does an ordinary file of the same name: without O_CREAT and O_TRUNC, opening a file changes nothing.
 */
const READ_BY_GIT = new Set(['.gitignore', '.gitattributes', '.gitmodules']);
const GIT_DIRECTORY = '.git';
const WRITE_WITHOUT_WAITING = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** Deeper folders are not searched, since each open one takes a descriptor. git's deadline covers those. */
const MAX_DEPTH = 100;
/** Most git commands have ended by then, so they cost no search. */
const FIRST_SEARCH_MS = 500;
const TRY_EVERY_MS = 10;

export interface PipeSearch {
  /** Milliseconds between two searches. */
  everyMs: number;
  /** More pipes than this end the work: git would wait for each of them. */
  maxPipes: number;
  /** Is called once, when there are too many. */
  onTooMany: () => void;
}

/** Answers the pipes below `root` that git waits for, until `signal` aborts. */
export async function answerWaitingPipes(
  root: string,
  { everyMs, maxPipes, onTooMany }: PipeSearch,
  signal: AbortSignal,
): Promise<void> {
  let pipes: Buffer[] = [];
  let nextSearch = performance.now() + Math.min(everyMs, FIRST_SEARCH_MS);
  while (await passes(pipes.length > 0 ? TRY_EVERY_MS : nextSearch - performance.now(), signal)) {
    // The work tree may have been removed meanwhile.
    const directory = await DirectoryHandle.openPath(root).catch(() => null);
    if (!directory) continue;
    if (performance.now() >= nextSearch) {
      pipes = await findPipes(directory, maxPipes, signal);
      if (pipes.length > maxPipes) return onTooMany();
      nextSearch = performance.now() + everyMs;
    }
    for (const pipe of pipes) await answerBelow(directory, pipe).catch(() => undefined);
    directory.close();
  }
}

const passes = (ms: number, signal: AbortSignal): Promise<boolean> =>
  delay(Math.max(ms, 0), true, { signal, ref: false }).catch(() => false);

/** @returns the names of the pipes, relative to `root`; at most one more than `max` */
async function findPipes(root: DirectoryHandle, max: number, signal: AbortSignal): Promise<Buffer[]> {
  const pipes: Buffer[] = [];
  const search = async (directory: DirectoryHandle, path: Buffer[], ofGit: boolean): Promise<void> => {
    try {
      for await (const { name, kind } of directory.entries()) {
        if (signal.aborted || pipes.length > max) return;
        const text = name.toString('latin1');
        if (kind === 'pipe' && (ofGit || READ_BY_GIT.has(text))) pipes.push(joined([...path, name]));
        if (kind !== 'directory' || path.length === MAX_DEPTH) continue;
        const child = await directory.openChild(name);
        if (!child) continue;
        await search(child, [...path, name], ofGit || text === GIT_DIRECTORY).finally(() => child.close());
      }
    } catch {
      // git cannot read this folder either.
    }
  };
  await search(root, [], false);
  return pipes;
}

const SLASH = Buffer.from('/');
const joined = (names: Buffer[]): Buffer =>
  Buffer.concat(names.flatMap((name, index) => (index === 0 ? [name] : [SLASH, name])));

async function answerBelow(root: DirectoryHandle, path: Buffer): Promise<void> {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return answer(root.pathOf(path));
  const folder = await root.openDescendant(path.subarray(0, slash));
  if (!folder) return;
  try {
    await answer(folder.pathOf(path.subarray(slash + 1)));
  } finally {
    folder.close();
  }
}

async function answer(pipe: Buffer): Promise<void> {
  // ENXIO: nothing waits for it.
  const writer = await open(pipe, WRITE_WITHOUT_WAITING).catch(() => null);
  await writer?.close();
}
