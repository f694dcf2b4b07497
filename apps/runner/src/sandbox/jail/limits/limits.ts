import type { Config } from '../../../config.js';
import { MOST_FILES_IN_MEMORY } from './files-in-memory.js';
import { MOST_OPEN_FILES } from './resource-limits.js';

/** A limit that a run has passed. */
export interface LimitPassed {
  /** For a person: which one, the setting's name, and what to do. */
  sentence: string;
}

export type Limit =
  'memory' | 'processes' | 'cpu' | 'disk' | 'file' | 'open files' | 'files' | 'files in memory' | 'log';

/** Nothing can be removed by a run that may not start. */
const START_ANEW = 'Start a new session, or have the limit raised.';
const GO_ON_SMALLER = 'Go on from here in smaller steps.';
const GO_ON = 'Go on from here in smaller steps, or have the limit raised.';

const SENTENCES: Record<Limit, (config: Config) => string> = {
  memory: ({ JAIL_MAX_MEMORY_MB: most }) =>
    `The run used more than ${most} MB of memory (JAIL_MAX_MEMORY_MB). ${GO_ON}`,
  processes: ({ JAIL_MAX_PROCESSES: most }) =>
    `The run had more than ${most} processes and threads at once (JAIL_MAX_PROCESSES). ${GO_ON}`,
  cpu: ({ JAIL_MAX_CPU_MINUTES: most }) =>
    `The run used more than ${most} minutes of processor time (JAIL_MAX_CPU_MINUTES). ${GO_ON}`,
  'open files': () =>
    `The run had more than ${MOST_OPEN_FILES} files and connections open at once. ${GO_ON_SMALLER}`,
  disk: ({ JAIL_MAX_DISK_MB: most }) =>
    `The session's files take more than ${most} MB (JAIL_MAX_DISK_MB). ${START_ANEW}`,
  'files in memory': () =>
    `The run kept more than ${MOST_FILES_IN_MEMORY} files in its folders in memory, as /tmp is one. ${GO_ON_SMALLER}`,
  files: ({ JAIL_MAX_FILES: most }) =>
    `The session has more than ${most} files and folders (JAIL_MAX_FILES). ${START_ANEW}`,
  log: ({ MAX_RUN_LOG_MB: most }) =>
    `The run said more than its log may hold, which is ${most} MB (MAX_RUN_LOG_MB). ${GO_ON}`,
  file: ({ JAIL_MAX_FILE_MB: most }) =>
    `The run wrote a file of more than ${most} MB (JAIL_MAX_FILE_MB). ${GO_ON}`,
};

export const limitPassed = (limit: Limit, config: Config): LimitPassed => ({ sentence: SENTENCES[limit](config) });

/** By which signal the kernel ends a process at one of its own limits; a shell adds 128 to make an exit code of it. */
const SIGNALS: [limit: Limit, pattern: RegExp][] = [
  ['cpu', /\bexited with (code 152|signal SIGXCPU)\b/],
  ['file', /\bexited with (code 153|signal SIGXFSZ)\b/],
  // Codex gives up when it is refused memory.
  ['memory', /\bexited with (code 134|signal SIGABRT)\b.*\bmemory allocation\b/s],
];

/** @param error what is said of a program that has ended: `… exited with code 153: …` */
export function limitBehind(error: unknown, config: Config): LimitPassed | null {
  const message = error instanceof Error ? error.message : String(error);
  const limit = SIGNALS.find(([, pattern]) => pattern.test(message))?.[0];
  return limit ? limitPassed(limit, config) : null;
}
