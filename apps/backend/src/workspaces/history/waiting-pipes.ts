import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Files that git opens in every folder of a work tree. An agent may leave a named pipe in the place of one, and
 * git then waits for somebody to write into it, for ever.
 *
 *     git ── open(".gitignore") … waits ──┐
 *     we ─── look for such pipes, open each for writing, close it ──► git reads an empty file and goes on
 *
 * Nothing in the work tree is changed, whatever an agent does meanwhile. A pipe that nobody waits for stays as it
 * is, and so does a file that only has the name: without O_CREAT and O_TRUNC, opening changes nothing.
 */
const READ_BY_GIT = new Set(['.gitignore', '.gitattributes', '.gitmodules']);
const WITHOUT_WAITING = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** Does so again and again, `everyMs` apart, until `signal` aborts. */
export async function answerWaitingPipes(root: string, everyMs: number, signal: AbortSignal): Promise<void> {
  while (await passes(everyMs, signal)) await answerOnce(Buffer.from(root), signal);
}

const passes = (ms: number, signal: AbortSignal): Promise<boolean> =>
  delay(ms, true, { signal, ref: false }).catch(() => false);

async function answerOnce(folder: Buffer, signal: AbortSignal): Promise<void> {
  // A folder that has gone meanwhile has nothing in it.
  const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch(() => []);
  for (const entry of entries) {
    if (signal.aborted) return;
    const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) await answerOnce(path, signal);
    else if (entry.isFIFO() && READ_BY_GIT.has(entry.name.toString('latin1'))) await answer(path);
  }
}

async function answer(pipe: Buffer): Promise<void> {
  // ENXIO: nobody waits.
  const writer = await open(pipe, WITHOUT_WAITING).catch(() => null);
  await writer?.close();
}
