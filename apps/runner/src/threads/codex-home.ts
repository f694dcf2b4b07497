import { mkdir, readFile, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceFile } from './atomic-file.js';

/** The same relative path from `src` and from `dist`. */
const CONFIG_TEMPLATE = fileURLToPath(new URL('../../codex-config.toml', import.meta.url));

/** The TMPDIR of a session's agent, in its CODEX_HOME. */
const SCRATCH_FOLDER = 'scratch';
/** The variable from which Codex reads its bearer token, if it needs one. */
export const TOKEN_VARIABLE = 'SAAS_CODEX_MODEL_TOKEN';
export const DEFAULT_PATH = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
].join(delimiter);

/** Codex's setting that says whether a repository's own .codex folder may change settings and start programs. */
export const projectTrust = (repo: string, level: 'trusted' | 'untrusted'): string =>
  `projects={${JSON.stringify(repo)}={trust_level="${level}"}}`;

/**
 * Creates a CODEX_HOME, or resets the configuration of an existing one to ours.
 * @throws Error when the folder has become a symbolic link
 */
export async function prepareCodexHome(codexHome: string): Promise<void> {
  await mkdir(join(codexHome, SCRATCH_FOLDER), { recursive: true, mode: 0o700 });
  if ((await realpath(codexHome)) !== codexHome) throw new Error(`${codexHome} is a symbolic link`);
  // Not flushed: it is written again before each turn.
  const config = await readFile(CONFIG_TEMPLATE, 'utf8');
  await replaceFile(join(codexHome, 'config.toml'), config, { flush: false });
}

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
