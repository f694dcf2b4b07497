import { readdir } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { inBatches, type ProcessEntry } from '../process-table.js';

/*
 * Who comes first when there is less processor time than everybody wants, as niceness:
 *
 *      0    the services, which answer everybody
 *      5    a run that has just begun (launch.sh): it starts Codex, asks the model, looks at files
 *     15    a run that has used FRESH_CPU_SECONDS: builds, tests, loops without end
 *
 * So a tenant whose runs compute as much as they can delays the beginning of another one's run by little. What a process starts
 * inherits its niceness, and no process in a jail can lower it again.
 */

/** Codex uses about one until its first event. */
export const FRESH_CPU_SECONDS = 3;
const LATER = 15;

/** Puts the processes of a run behind those of runs that have just begun. */
export async function goBehind(processes: ProcessEntry[]): Promise<void> {
  await inBatches(
    processes.filter(({ niceness }) => niceness < LATER),
    async ({ pid }) => {
      // Linux has a niceness for each thread.
      const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
      for (const thread of threads) lower(Number(thread));
    },
  );
}

function lower(thread: number): void {
  try {
    setPriority(thread, LATER);
  } catch {
    // It has ended, or it is another user's: bwrap, where that is installed setuid.
  }
}
