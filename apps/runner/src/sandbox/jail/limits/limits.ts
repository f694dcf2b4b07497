import type { Config } from '../../../config.js';

const MEGABYTE = 1024 * 1024;
/** Of one process. Few programs want more, and those manage with less. */
const MAX_DESCRIPTORS = 4_096;
/** Of a run as a whole: jail-watch.ts examines each of them. */
export const MAX_OPEN_FILES = 50_000;
/** Of a run. An empty file takes about a kilobyte of the kernel's memory, which no limit of bytes counts. */
export const MAX_FILES_IN_MEMORY = 200_000;

/**
 * The kernel's limits for each process of a jail, as arguments of prlimit. Memory is what a process can write to: the address
 * space that Node and Java reserve is many times larger. Processes are counted per jail, except when the runner is root.
 * jail-watch.ts enforces the limits of a run as a whole.
 */
export const processLimits = (config: Config): string =>
  [
    `--nproc=${config.JAIL_MAX_PROCESSES}`,
    `--fsize=${config.JAIL_MAX_FILE_MB * MEGABYTE}`,
    `--data=${config.JAIL_MAX_MEMORY_MB * MEGABYTE}`,
    `--cpu=${Math.ceil(config.JAIL_MAX_CPU_MINUTES * 60)}`,
    `--nofile=${MAX_DESCRIPTORS}`,
    '--core=0',
  ].join(' ');

/** A limit that a run has exceeded. */
export interface LimitPassed {
  /** For a person: which limit, its setting, and what to do. */
  sentence: string;
}

export type Limit =
  | 'memory'
  | 'processes'
  | 'cpu'
  | 'disk'
  | 'file'
  | 'open files'
  | 'files'
  | 'files in memory'
  | 'log'
  | 'logs';

/** A run that may not start cannot remove files either. */
const START_NEW_SESSION = 'Start a new session, or have the limit raised.';
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
    `The run had more than ${MAX_OPEN_FILES} files and connections open at once. ${GO_ON_SMALLER}`,
  disk: ({ JAIL_MAX_DISK_MB: most }) =>
    `The session's files take more than ${most} MB (JAIL_MAX_DISK_MB). ${START_NEW_SESSION}`,
  'files in memory': () =>
    `The run kept more than ${MAX_FILES_IN_MEMORY} files in memory, in folders such as /tmp. ${GO_ON_SMALLER}`,
  files: ({ JAIL_MAX_FILES: most }) =>
    `The session has more than ${most} files and folders (JAIL_MAX_FILES). ${START_NEW_SESSION}`,
  log: ({ MAX_RUN_LOG_MB: most }) =>
    `The run printed more than its log may hold, which is ${most} MB (MAX_RUN_LOG_MB). ${GO_ON}`,
  logs: ({ MAX_LOGS_MB_PER_TENANT: most }) =>
    `The logs of your organisation's runs take ${most} MB together, which is all that they may (MAX_LOGS_MB_PER_TENANT). Go on when other runs have ended, or have the limit raised.`,
  file: ({ JAIL_MAX_FILE_MB: most }) =>
    `The run wrote a file of more than ${most} MB (JAIL_MAX_FILE_MB). ${GO_ON}`,
};

export const limitPassed = (limit: Limit, config: Config): LimitPassed => ({
  sentence: SENTENCES[limit](config),
});

/** The signals by which the kernel ends a process at one of its own limits. A shell adds 128 to make them an exit code. */
const SIGNALS: [limit: Limit, pattern: RegExp][] = [
  ['cpu', /\bexited with (code 152|signal SIGXCPU)\b/],
  ['file', /\bexited with (code 153|signal SIGXFSZ)\b/],
  // Codex aborts when it gets no memory.
  ['memory', /\bexited with (code 134|signal SIGABRT)\b.*\bmemory allocation\b/s],
];

/** @param error about a program that has ended: `… exited with code 153: …` */
export function limitFromExit(error: unknown, config: Config): LimitPassed | null {
  const message = error instanceof Error ? error.message : String(error);
  const limit = SIGNALS.find(([, pattern]) => pattern.test(message))?.[0];
  return limit ? limitPassed(limit, config) : null;
}
