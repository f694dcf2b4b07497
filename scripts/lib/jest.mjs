import { resolve } from 'node:path';
import { wantBubblewrap } from './bubblewrap.mjs';
import { run } from './run.mjs';
import { requireProgram } from './system-packages.mjs';

/**
 * Runs Jest. Nest and the Codex SDK are ES modules only, which Jest loads through `node:vm`.
 * @param {string} root the project's folder
 * @param {string[]} args
 * @param {Record<string, string>} [env] added to this process's environment
 * @returns {Promise<void>} rejects when a spec has failed
 */
export const runJest = (root, args, env = {}) =>
  run(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', resolve(root, 'node_modules/jest/bin/jest.js'), ...args],
    { cwd: root, env: { ...process.env, ...env } },
  );

/**
 * Installs the programs that specs start: git, an ssh server, Redis, and what the jail is made of.
 * @returns {Promise<void>} rejects with a sentence that says what to install by hand
 */
export async function requireTestPrograms() {
  await requireProgram({ names: ['git'], debianPackage: 'git', purpose: 'git' });
  await requireProgram({ names: ['sshd'], debianPackage: 'openssh-server', purpose: 'The ssh server' });
  await requireProgram({
    names: ['redis-server', 'valkey-server'],
    debianPackage: 'redis-server',
    purpose: 'Redis',
  });
  await wantBubblewrap();
}
