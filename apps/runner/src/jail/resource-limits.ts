import type { Config } from '../config.js';

const MEGABYTE = 1024 * 1024;

/**
 * The kernel's limits for every process of a jail, as arguments of prlimit. Memory is what a process can write to: the
 * address space that Node and Java reserve is many times larger. A runner that is root has no limit of processes, the
 * kernel does not count root's.
 */
export const resourceLimits = (config: Config): string =>
  [
    `--nproc=${config.JAIL_MAX_PROCESSES}`,
    `--fsize=${config.JAIL_MAX_FILE_MB * MEGABYTE}`,
    `--data=${config.JAIL_MAX_MEMORY_MB * MEGABYTE}`,
    `--cpu=${config.JAIL_MAX_CPU_MINUTES * 60}`,
    '--core=0',
  ].join(' ');
