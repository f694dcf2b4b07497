/**
 * The whole environment of every git process: it starts empty, so that no setting of the machine, of its user or
 * of the service (proxies, helpers, tokens) reaches git, or a program that git starts.
 */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: 'true',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_AUTHOR_NAME: 'saas-codex',
  GIT_AUTHOR_EMAIL: 'saas-codex@localhost',
  GIT_COMMITTER_NAME: 'saas-codex',
  GIT_COMMITTER_EMAIL: 'saas-codex@localhost',
};

/** @param protocols what git may speak in this call, as in GIT_ALLOW_PROTOCOL; none: nothing, not even local paths */
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
  'http.proxy=',
  'http.lowSpeedLimit=1',
  'http.lowSpeedTime=60',
  'transfer.credentialsInUrl=die',
  'init.defaultBranch=main',
  'advice.detachedHead=false',
];

export const gitConfigArguments = (extra: readonly string[]): string[] =>
  [...CONFIG, ...extra].flatMap((setting) => ['-c', setting]);
