import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Jail, Upkeep } from '../../sandbox/jail/jail.js';
import { spawnScript } from './spawn-script.js';

/** Characters. */
const MAX_OUTPUT = 2_000;

/** The same relative path from `src` and from `dist`. */
const script = (name: string) =>
  readFile(fileURLToPath(new URL(`../../../jail/${name}`, import.meta.url)), 'utf8');

/**
 * Runs a script of ours on a session's folders in a jail of its own, and leaves no process of it.
 * @param name of the file in `jail/`
 * @param signal ends it
 * @returns the end of what it printed if it failed; null: it succeeded
 */
export async function runUpkeepScript(
  jail: Jail,
  name: string,
  upkeep: Upkeep,
  signal?: AbortSignal,
): Promise<string | null> {
  try {
    const launch = await jail.launchUpkeepScript(upkeep, await script(name));
    signal?.throwIfAborted();
    const child = await spawnScript(launch, () => void jail.endRun(upkeep.runId));
    signal?.addEventListener('abort', child.kill, { once: true });
    if (signal?.aborted) child.kill();
    let output = '';
    for await (const text of child.output) output = (output + text).slice(-MAX_OUTPUT);
    const code = await child.exited;
    signal?.removeEventListener('abort', child.kill);
    return code === 0 ? null : `${name} exited with code ${code}: ${output}${child.stderr()}`;
  } finally {
    await jail.endRun(upkeep.runId);
  }
}
