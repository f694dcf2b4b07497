import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/*
 * What every git process is confined to: its environment, its settings and its memory.
 */

const PATH = process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin';

/** Keeps the settings of the machine and of its user away from git. */
export const MACHINE_INDEPENDENT: Readonly<Record<string, string>> = {
  PATH,
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
};

const ENVIRONMENT: Readonly<Record<string, string>> = {
  ...MACHINE_INDEPENDENT,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ASKPASS: 'true',
  GIT_AUTHOR_NAME: 'saas-codex',
  GIT_AUTHOR_EMAIL: 'saas-codex@localhost',
  GIT_COMMITTER_NAME: 'saas-codex',
  GIT_COMMITTER_EMAIL: 'saas-codex@localhost',
};

/**
 * The whole environment of a git process. It starts empty, so nothing of the service (proxies, helpers, tokens)
 * reaches git or a program that git starts.
 * @param protocols the protocols that git may use in this call, as in GIT_ALLOW_PROTOCOL. An empty list allows none,
 *   not even local paths.
 */
export const gitEnvironment = (
  protocols: readonly string[],
  extra: Record<string, string>,
): Record<string, string> => ({
  ...ENVIRONMENT,
  ...extra,
  GIT_ALLOW_PROTOCOL: protocols.length === 0 ? 'none' : protocols.join(':'),
});

/** Settings of every git command: nothing that runs a program, nothing that removes objects. */
const CONFIG = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.commitGraph=false',
  'core.quotePath=false',
  'core.bigFileThreshold=20m',
  'credential.helper=',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'fetch.writeCommitGraph=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'http.followRedirects=false',
  'http.lowSpeedLimit=1',
  'http.lowSpeedTime=60',
  'transfer.credentialsInUrl=die',
  'init.defaultBranch=main',
  'advice.detachedHead=false',
];

export const gitConfigArguments = (extra: readonly string[]): string[] =>
  [...CONFIG, ...extra].flatMap((setting) => ['-c', setting]);

/**
 * git reads some files whole. A `.gitignore` of 10 GB, or a pack of a few kilobytes that names an object of that size,
 * would take that much memory. So the kernel limits the writable memory of each git command and of what it starts.
 * Mapped packs do not count. Without util-linux's prlimit (macOS) there is no such limit.
 */
const PRLIMIT = process.platform === 'linux' ? findProgram('prlimit') : null;

/** @returns the command, run under the limit */
export const withMemoryLimit = (
  bytes: number,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] =>
  PRLIMIT === null ? command : [PRLIMIT, `--data=${bytes}`, '--', ...command];

function findProgram(name: string): string | null {
  const folders = PATH.split(delimiter).filter((folder) => folder.startsWith('/'));
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
