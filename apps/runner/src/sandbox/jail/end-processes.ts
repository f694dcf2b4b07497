import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RUN_VARIABLE } from './jail.js';
import { shellEnvironmentSetting } from './command-environment.js';
import {
  inBatches,
  readCommandLine,
  readEnvironment,
  readOwnChildren,
  readProcesses,
  withDescendants,
} from './process-table.js';

/*
 * Ends a run's processes, which carry its id in a variable:
 *
 *     marked: SAAS_CODEX_RUN=<id> is an entry of the environment, or a setting on Codex's command line
 *     found:  the marked processes and all their descendants; they are killed until none is found
 *
 * A jail's first process is marked, and the kernel ends everything in the jail with it. Without a jail this search is all
 * there is: a variable is inherited across fork, setsid and a second fork, and a process that was started with another
 * environment is found as long as its parent lives. Text chosen by a client or an agent (a model's name, say) is never
 * mistaken for the mark: the mark is a whole entry, and text cannot contain the NULs that separate entries.
 */

/** Programs that surround the agent's commands, by name; and where those are that exist only in a jail. */
const SURROUNDING = ['bwrap', 'codex', 'codex-linux-sandbox'];
const IN_JAIL = '/run/jail/';

const PAUSE_MS = 20;
const TIMEOUT_MS = 10_000;

/** @returns the processes that could not be ended */
export async function endProcesses(runId: string): Promise<number[]> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const found = await findProcesses(runId);
    if (found.length === 0 || Date.now() > deadline) return found;
    for (const pid of found) kill(pid);
    await delay(PAUSE_MS);
  }
}

/** Kills a jail at once by its bwrap, which is our child, however many processes it has. */
export async function killJail(runId: string): Promise<void> {
  for (const pid of await readOwnChildren()) if (await isRunMarked(pid, runId)) kill(pid);
}

/** The number of processes that the run's commands have started and that are alive; without Codex and what confines it. */
export async function countCommands(runId: string): Promise<number> {
  const found = await findProcesses(runId);
  const lines = await inBatches(found, readCommandLine);
  return lines.filter((line) => {
    const [program = '', argument = ''] = line.split('\0', 2);
    const isOurs = [program, argument].some((path) => path.startsWith(IN_JAIL));
    return program !== '' && !isOurs && !SURROUNDING.includes(basename(program));
  }).length;
}

async function findProcesses(runId: string): Promise<number[]> {
  const all = (await readProcesses()).filter(({ zombie, pid }) => !zombie && pid !== process.pid);
  const marks = await inBatches(all, ({ pid }) => isRunMarked(pid, runId));
  const marked = all.filter((_, index) => marks[index]);
  return withDescendants(marked, all).map(({ pid }) => pid);
}

/**
 * Whether the process itself carries the run's id. Some processes protect their environment from being read, as Codex does;
 * the command line can always be read.
 */
export async function isRunMarked(pid: number, runId: string): Promise<boolean> {
  if (`\0${await readEnvironment(pid)}`.includes(`\0${RUN_VARIABLE}=${runId}\0`)) return true;
  // Other variables may follow inside the braces.
  const setting = shellEnvironmentSetting({ [RUN_VARIABLE]: runId }).slice(0, -1);
  return (await readCommandLine(pid)).includes(`\0--config\0${setting}`);
}

/** @param pid negative: a whole process group */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
