/*
 * What an agent's commands get in addition to their usual environment. Codex itself gets these variables only where it also
 * connects to a repository's MCP servers; otherwise it connects to the model alone.
 */

/** Every spelling that programs use. */
const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
const NO_PROXY_VARIABLES = ['NO_PROXY', 'no_proxy'];
const LOOPBACK = 'localhost,127.0.0.1,::1';
/** For OpenSSL, Node, Python, curl, git, cargo, pip, AWS, npm; each reads another one. */
const CERTIFICATE_VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
  'PIP_CERT',
  'AWS_CA_BUNDLE',
  // Takes precedence over the system's npmrc.
  'npm_config_cafile',
];

/** npm's own global configuration would be below /usr; see jail/etc/npmrc. pip finds /etc/pip.conf by itself. */
export const PACKAGE_MANAGERS = { npm_config_globalconfig: '/etc/npmrc' };

/** Sends programs to the proxy for everything but the jail's own loopback. @param origin e.g. `http://127.0.0.1:39100` */
export const proxyEnvironment = (origin: string): Record<string, string> => ({
  ...all(PROXY_VARIABLES, origin),
  ...all(NO_PROXY_VARIABLES, LOOPBACK),
  // Node ignores the others without this.
  NODE_USE_ENV_PROXY: '1',
});

/** Makes programs trust the authorities in a file. */
export const certificateEnvironment = (path: string): Record<string, string> =>
  all(CERTIFICATE_VARIABLES, path);

/** Codex's setting that gives its commands these variables. Without double quotes, so that they appear unescaped on command lines. */
export const shellEnvironmentSetting = (variables: Record<string, string>): string => {
  const list = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  return `shell_environment_policy.set={${list.join(',')}}`;
};

/** What Codex itself calls its core variables, which are all that its commands inherit otherwise. */
const CORE_VARIABLES = [
  'HOME',
  'LOGNAME',
  'PATH',
  'SHELL',
  'USER',
  'USERNAME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LANG',
  'LC_*',
];

/**
 * Codex's settings that let its commands inherit secrets from its own environment: their names are on its command line, their
 * values are not. None without secrets.
 * @param others names of the variables that commands get besides
 */
export const secretsSettings = (secrets: string[], others: string[]): string[] => {
  if (secrets.length === 0) return [];
  const names = [...CORE_VARIABLES, ...secrets, ...others].map((name) => `'${name}'`);
  return [
    'shell_environment_policy.inherit="all"',
    'shell_environment_policy.ignore_default_excludes=true',
    `shell_environment_policy.include_only=[${names.join(',')}]`,
  ];
};

/** What Codex needs for a repository's MCP servers. jail/codex.sh passes the variables with these names on to them. */
export const serverEnvironment = (commandEnvironment: Record<string, string>): Record<string, string> => ({
  ...commandEnvironment,
  SAAS_CODEX_SERVER_VARIABLES: Object.keys(commandEnvironment).join(' '),
});

const all = (names: string[], value: string) => Object.fromEntries(names.map((name) => [name, value]));
