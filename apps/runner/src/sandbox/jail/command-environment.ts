/*
 * What an agent's commands see beside their usual surroundings. Codex itself does not get these variables: it speaks to
 * nobody but the model.
 */

/** Every spelling that programs look for. */
const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
const NO_PROXY_VARIABLES = ['NO_PROXY', 'no_proxy'];
const LOOPBACK = 'localhost,127.0.0.1,::1';
/** OpenSSL, Node, Python, curl, git, cargo, pip, AWS, npm; each reads another one. */
const CERTIFICATE_VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
  'PIP_CERT',
  'AWS_CA_BUNDLE',
  // Before what the system's own npmrc may name.
  'npm_config_cafile',
];

/** Sends programs to the proxy for everything but the jail's own loopback. @param origin e.g. `http://127.0.0.1:39100` */
export const proxyEnvironment = (origin: string): Record<string, string> => ({
  ...all(PROXY_VARIABLES, origin),
  ...all(NO_PROXY_VARIABLES, LOOPBACK),
  // Node reads the others only when it is told to.
  NODE_USE_ENV_PROXY: '1',
});

/** Has programs trust the authorities in a file. */
export const certificateEnvironment = (path: string): Record<string, string> =>
  all(CERTIFICATE_VARIABLES, path);

/** Codex's setting that gives its commands these variables; without double quotes, so that command lines have them as they are. */
export const shellEnvironmentSetting = (variables: Record<string, string>): string => {
  const list = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  return `shell_environment_policy.set={${list.join(',')}}`;
};

const all = (names: string[], value: string) => Object.fromEntries(names.map((name) => [name, value]));
