import { mkdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceFile } from './atomic-file.js';

/** The same way from `src` and from `dist`. */
const CONFIG_TEMPLATE = fileURLToPath(new URL('../../codex-config.toml', import.meta.url));

/** The TMPDIR of a session's agent, in its CODEX_HOME. */
export const SCRATCH_FOLDER = 'scratch';

/** Codex's setting that keeps a repository's own .codex/config.toml from deciding or starting anything. */
export const untrustedProject = (repo: string): string =>
  `projects={${JSON.stringify(repo)}={trust_level="untrusted"}}`;

/**
 * Makes a CODEX_HOME, or puts the existing one's configuration back to ours.
 * @throws Error when the folder has become a symbolic link
 */
export async function prepareCodexHome(codexHome: string): Promise<void> {
  await mkdir(join(codexHome, SCRATCH_FOLDER), { recursive: true, mode: 0o700 });
  if ((await realpath(codexHome)) !== codexHome) throw new Error(`${codexHome} is a symbolic link`);
  await replaceFile(join(codexHome, 'config.toml'), await readFile(CONFIG_TEMPLATE, 'utf8'));
}
