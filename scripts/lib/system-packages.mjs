import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture } from './run.mjs';

/**
 * The first of `names` that is an executable on the PATH.
 * @param {string[]} names
 * @returns {string | undefined} its full path
 */
export function findProgram(names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        continue;
      }
    }
  }
  return undefined;
}

/**
 * Finds a program on the PATH, or installs its Debian package if we are root on Debian.
 * @param {{ names: string[], debianPackage: string, purpose: string }} wanted
 * @returns {Promise<string>} its full path; rejects with one sentence that says what to install
 */
export async function requireProgram({ names, debianPackage, purpose }) {
  const found = findProgram(names);
  if (found) return found;
  if (process.getuid?.() === 0 && findProgram(['apt-get'])) {
    console.log(`Installing ${debianPackage} (${purpose}) …`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await capture('apt-get', ['update'], { env });
    await capture('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], { env });
    const installed = findProgram(names);
    if (installed) return installed;
  }
  throw new Error(`${purpose} is missing: install ${names.join(' or ')} and start again.`);
}
