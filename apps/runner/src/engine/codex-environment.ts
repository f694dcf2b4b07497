import { delimiter, join } from 'node:path';
import { SCRATCH_FOLDER } from '../threads/codex-home.js';

/** The variable from which Codex reads its bearer token, if it needs one. */
export const TOKEN_VARIABLE = 'SAAS_CODEX_MODEL_TOKEN';
const DEFAULT_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(
  delimiter,
);

/** The whole environment of Codex or of a script. Only PATH comes from the runner's own. */
export const codexEnvironment = (codexHome: string, token: string | null): Record<string, string> => ({
  PATH: process.env.PATH ?? DEFAULT_PATH,
  HOME: codexHome,
  CODEX_HOME: codexHome,
  TMPDIR: join(codexHome, SCRATCH_FOLDER),
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  ...(token !== null && { [TOKEN_VARIABLE]: token }),
});
