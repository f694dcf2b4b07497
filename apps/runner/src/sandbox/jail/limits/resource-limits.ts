import type { Config } from '../../../config.js';

const MEGABYTE = 1024 * 1024;
/** Of one process. Few programs want more, and those live with less. */
const MOST_DESCRIPTORS = 4_096;
/** Of a run as a whole: jail-watch.ts looks at each of them. */
export const MOST_OPEN_FILES = 50_000;

/**
 * The kernel's limits for every process of a jail, as arguments of prlimit. Memory is what a process can write to: the
 * address space that Node and Java reserve is many times larger. Processes are counted per jail, but not those of a
 * runner that is root. What a run takes as a whole is jail-watch.ts's to see.
 */
export const resourceLimits = (config: Config): string =>
  [
    `--nproc=${config.JAIL_MAX_PROCESSES}`,
    `--fsize=${config.JAIL_MAX_FILE_MB * MEGABYTE}`,
    `--data=${config.JAIL_MAX_MEMORY_MB * MEGABYTE}`,
    `--cpu=${Math.ceil(config.JAIL_MAX_CPU_MINUTES * 60)}`,
    `--nofile=${MOST_DESCRIPTORS}`,
    '--core=0',
  ].join(' ');
